(ns teahouse.main
  "The shop at the command line."
  (:gen-class)
  (:require [clojure.string :as str]
            [teahouse.catalog :as catalog]
            [teahouse.macros :refer [timed]]
            [teahouse.money :as money]
            [teahouse.order :as order]
            [teahouse.pricing :as pricing]
            [teahouse.receipt :as receipt]
            [teahouse.report :as report]
            [teahouse.rules :as rules]
            [teahouse.stock :as stock]
            [teahouse.storage :as storage]))

(def ^:private orders-file "data/orders.edn")

(def shelf
  "What lies on the shelf in the morning."
  (stock/memory-stock {:sencha 40 :gyokuro 6 :assam 60 :darjeeling 25 :ali-shan 12 :mint 80}))

(defn parse-line
  "Reads `sencha=2`; a single article without a number."
  [argument]
  (let [[article-id quantity] (str/split argument #"=" 2)]
    (order/line (keyword article-id) (if quantity (parse-long quantity) 1))))

(defn place-order
  "Makes an order out of arguments, takes it from the shelf and returns it paid."
  [stock order-id customer arguments]
  (let [placed (reduce (fn [o {:keys [article-id quantity]}]
                         (order/add-line o article-id quantity))
                       (order/new-order order-id customer)
                       (map parse-line arguments))]
    (when-not (order/valid? placed)
      (throw (ex-info (str/join "; " (order/problems placed)) {:type ::bad-order})))
    (stock/take! stock (stock/tea-amounts (:order/lines placed)))
    (order/advance placed :paid)))

(defn- show-price-list []
  (doseq [article (sort-by catalog/title (vals catalog/articles))]
    (println (format "%-14s %-28s %12s"
                     (name (catalog/id article))
                     (catalog/title article)
                     (money/show (pricing/price article))))))

(defn run
  "Does what the arguments say; returns the exit code."
  [[command & arguments]]
  (case command
    "list" (do (show-price-list) 0)
    "order" (let [order-id (storage/next-id (storage/read-orders orders-file))
                  placed (place-order shelf order-id (System/getProperty "user.name") arguments)]
              (storage/append-order! orders-file placed)
              (println (receipt/text placed (rules/applicable placed)))
              0)
    "report" (let [{:keys [value millis]}
                   (timed (report/summary (storage/read-orders orders-file) rules/applicable))]
               (println value)
               (println (str "(" millis " ms)"))
               0)
    (do (println "usage: list | order ARTICLE[=N]… | report") 2)))

(defn -main [& arguments]
  (let [code (try
               (run arguments)
               (catch clojure.lang.ExceptionInfo e
                 (println "Sorry:" (ex-message e))
                 1))]
    (when-not (zero? code)
      (System/exit code))))

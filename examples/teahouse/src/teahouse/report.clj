(ns teahouse.report
  "What was sold."
  (:require [clojure.string :as str]
            [teahouse.catalog :as catalog]
            [teahouse.money :as money]
            [teahouse.order :as order]
            [teahouse.stock :as stock]))

(defn- sold? [{:order/keys [state]}]
  (contains? #{:paid :packed :handed-over} state))

(defn turnover
  "What all orders that were paid brought in."
  [orders rules-for]
  (transduce (comp (filter sold?)
                   (map #(order/total % (rules-for %))))
             +
             money/zero
             orders))

(defn best-sellers
  "The `n` teas sold most, with their packets. Bundles count as what is in them."
  [orders n]
  (->> orders
       (filter sold?)
       (mapcat :order/lines)
       (stock/tea-amounts)
       (sort-by (juxt (comp - val) key))
       (take n)))

(defn by-customer
  "How many orders each customer paid."
  [orders]
  (->> orders
       (filter sold?)
       (map :order/customer)
       (frequencies)))

(defn summary
  "The report of the day as text."
  [orders rules-for]
  (str/join
   "\n"
   (concat
    [(str (count (filter sold? orders)) " orders, "
          (money/show (turnover orders rules-for)))]
    (for [[tea-id packets] (best-sellers orders 3)]
      (str "  " packets " x " (catalog/title (catalog/known-article tea-id))))
    (for [[customer n] (sort (by-customer orders))
          :when (> n 1)]
      (str "  " customer " came " n " times")))))

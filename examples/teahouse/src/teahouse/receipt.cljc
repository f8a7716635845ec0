(ns teahouse.receipt
  "An order as text."
  (:require [clojure.string :as str]
            [teahouse.catalog :as catalog]
            [teahouse.money :as money]
            [teahouse.pricing :as pricing]))

(def width
  "How many characters the printer prints on a line."
  40)

(defn- pad-between [left right]
  (let [gap (max 1 (- width (count left) (count right)))]
    (str left (apply str (repeat gap " ")) right)))

(defn- old-header
  "The header of the former printer, which knew no lower case."
  [customer]
  (str/upper-case (str "*** teahouse *** " customer)))

(defn- rule-line []
  (apply str (repeat width "-")))

(defn line-text
  "One line of the receipt."
  [{:keys [article-id quantity] :as line}]
  (pad-between (str quantity " x " (catalog/title (catalog/known-article article-id)))
               (money/show (pricing/line-total line))))

(defn text
  "The whole receipt."
  [{:order/keys [id customer lines]} rules]
  (let [subtotal (pricing/subtotal lines)
        [rule off] (pricing/best-discount rules subtotal)]
    (str/join
     "\n"
     (concat
      [(str "Teahouse, order " id)
       (str "for " customer)
       (rule-line)]
      (map line-text lines)
      [(rule-line)]
      (when off
        [(pad-between "Subtotal" (money/show subtotal))
         (pad-between (str "Discount (" (:name rule) ")") (money/show (- off)))])
      [(pad-between "Total" (money/show (pricing/total lines rules)))]))))

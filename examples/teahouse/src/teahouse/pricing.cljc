(ns teahouse.pricing
  "What an article costs, and which discounts an order gets."
  (:require [teahouse.catalog :as catalog]
            [teahouse.money :as money]))

(declare price)

(defn content-price
  "What the parts of a bundle cost together. A part may be a bundle itself."
  [content]
  (reduce-kv (fn [sum part-id n]
               (money/add sum (money/times (price (catalog/known-article part-id)) n)))
             money/zero
             content))

(defn price
  "The price of one piece of an article."
  [article]
  (if (catalog/bundle? article)
    (let [full (content-price (catalog/parts article))]
      (- full (money/percent full (:rebate article))))
    (:price article)))

(defn line-total
  "The price of an order line."
  [{:keys [article-id quantity]}]
  (money/times (price (catalog/known-article article-id)) quantity))

(defn subtotal
  "The price of all lines before any discount."
  [lines]
  (apply money/add (map line-total lines)))

(defmulti discount
  "What a discount takes off an amount; dispatches on its `:kind`."
  (fn [rule _amount] (:kind rule)))

(defmethod discount :percent
  [{:keys [percent]} amount]
  (money/percent amount percent))

(defmethod discount :fixed
  [{:keys [off]} amount]
  (min off amount))

(defmethod discount :threshold
  [{:keys [from then]} amount]
  (if (>= amount from)
    (discount then amount)
    money/zero))

(defmethod discount :default
  [_rule _amount]
  money/zero)

(defn best-discount
  "The rule of several that takes most off, with what it takes; nil where none does."
  [rules amount]
  (let [taken (map (juxt identity #(discount % amount)) rules)
        [_rule off :as best] (last (sort-by second taken))]
    (when (and off (pos? off))
      best)))

(defn total
  "What lines cost after the best of the discounts."
  [lines rules]
  (let [amount (subtotal lines)
        [_rule off] (best-discount rules amount)]
    (- amount (or off money/zero))))

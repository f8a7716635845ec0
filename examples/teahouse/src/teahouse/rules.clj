(ns teahouse.rules
  "The discounts the shop gives."
  (:require [teahouse.macros :refer [defrule]]
            [teahouse.money :as money]))

(def ^:dynamic *holiday*
  "Whether it is a holiday today."
  false)

(defonce registry (atom {}))

(defrule regulars
  "Five per cent for whoever buys a lot."
  {:kind :threshold
   :from (money/cents 50)
   :then {:kind :percent :percent 5}})

(defrule coupon
  "Three euros with the coupon from the newspaper."
  {:kind :fixed :off (money/cents 3)})

(defrule holiday
  "Ten per cent on holidays."
  {:kind :percent :percent 10})

(defn applicable
  "The rules that hold for an order now."
  [{:order/keys [coupon?]}]
  (cond-> [regulars]
    coupon? (conj coupon)
    *holiday* (conj holiday)))

(ns teahouse.order-test
  (:require [clojure.test :refer [deftest is testing]]
            [teahouse.order :as order]
            [teahouse.receipt :as receipt]
            [teahouse.rules :as rules]))

(def ^:private two-teas
  (-> (order/new-order 7 "Ada")
      (order/add-line :sencha 2)
      (order/add-line :mint 1)
      (order/add-line :sencha 1)))

(deftest lines-of-one-article-are-one-line
  (is (= [(order/line :sencha 3) (order/line :mint 1)] (:order/lines two-teas)))
  (is (= [(order/line :mint 1)] (:order/lines (order/remove-article two-teas :sencha)))))

(deftest what-is-wrong-is-said
  (is (order/valid? two-teas))
  (is (= ["the order is empty" "the order has no customer"]
         (order/problems (order/new-order 1 " "))))
  (is (= ["the quantity must be between 1 and 99"]
         (order/problems (order/add-line (order/new-order 1 "Ada") :mint 100)))))

(deftest orders-advance-step-by-step
  (is (= :packed (-> two-teas (order/advance :paid) (order/advance :packed) :order/state)))
  (is (thrown-with-msg? clojure.lang.ExceptionInfo #"open cannot become packed"
                        (order/advance two-teas :packed))))

(deftest a-receipt-adds-up
  (let [text (receipt/text two-teas [rules/coupon])]
    (testing text
      (is (re-find #"3 x Sencha 100 g +28\.50 EUR" text))
      (is (re-find #"Discount \(coupon\) +-3\.00 EUR" text))
      (is (re-find #"Total +30\.10 EUR" text)))))

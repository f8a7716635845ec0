(ns teahouse.money-test
  (:require [clojure.test :refer [are deftest is testing]]
            [teahouse.money :as money]))

(deftest amounts-are-shown
  (are [shown amount] (= shown (money/show amount))
    "0.00 EUR" money/zero
    "12.50 EUR" (money/cents 12 50)
    "-0.05 EUR" -5))

(deftest amounts-are-read
  (are [amount text] (= amount (money/parse text))
    1200 "12"
    1250 "12.5"
    1205 " 12.05 "
    nil "12,50"
    nil "-1"
    nil "99999999999"))

(deftest amounts-are-reckoned
  (is (= 600 (money/add 100 200 300)))
  (is (= money/zero (money/add)))
  (testing "cents are rounded in favour of the customer"
    (is (= 9 (money/percent 99 10)))))

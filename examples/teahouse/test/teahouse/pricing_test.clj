(ns teahouse.pricing-test
  (:require [clojure.test :refer [are deftest is testing]]
            [teahouse.catalog :as catalog]
            [teahouse.order :as order]
            [teahouse.pricing :as pricing]
            [teahouse.rules :as rules]))

(defn- price-of [article-id]
  (pricing/price (catalog/known-article article-id)))

(deftest bundles-cost-less-than-their-parts
  (is (= 1917 (price-of :starter-box)))
  (testing "a bundle in a bundle"
    (is (= 3703 (price-of :gift-box)))))

(deftest discounts
  (are [off rule] (= off (pricing/discount rule 6000))
    600 {:kind :percent :percent 10}
    300 {:kind :fixed :off 300}
    300 rules/regulars
    0 {:kind :threshold :from 6001 :then {:kind :fixed :off 1}}
    0 {:kind :never-heard-of}))

(deftest the-best-discount-wins
  (let [lines [(order/line :gyokuro 2)]]
    (is (= 5600 (pricing/subtotal lines)))
    (is (= 5300 (pricing/total lines [rules/regulars rules/coupon])))
    (is (= 5600 (pricing/total lines [])))))

(deftest unknown-articles-are-named
  (is (thrown-with-msg? clojure.lang.ExceptionInfo #"No such article: coffee"
                        (price-of :coffee))))

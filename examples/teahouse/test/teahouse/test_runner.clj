(ns teahouse.test-runner
  "Runs all tests of the shop and exits with 1 where one fails."
  (:require [clojure.test :as test]
            [teahouse.money-test]
            [teahouse.order-test]
            [teahouse.pricing-test]
            [teahouse.shop-test]))

(defn -main [& _]
  (let [{:keys [fail error]}
        (test/run-tests 'teahouse.money-test 'teahouse.order-test
                        'teahouse.pricing-test 'teahouse.shop-test)]
    (System/exit (if (zero? (+ fail error)) 0 1))))

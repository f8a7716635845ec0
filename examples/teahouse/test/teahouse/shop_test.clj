(ns teahouse.shop-test
  (:require [clojure.test :refer [deftest is]]
            [teahouse.main :as main]
            [teahouse.report :as report]
            [teahouse.rules :as rules]
            [teahouse.stock :as stock]
            [teahouse.storage :as storage])
  (:import (java.io File)))

(defn- shelf []
  (stock/memory-stock {:sencha 3 :assam 1 :mint 1 :ali-shan 1}))

(deftest bundles-are-opened
  (is (= {:sencha 3 :assam 1 :mint 1 :ali-shan 1}
         (stock/tea-amounts [{:article-id :gift-box :quantity 1}
                             {:article-id :sencha :quantity 2}]))))

(deftest an-order-takes-all-or-nothing
  (let [stock (shelf)]
    (is (= :paid (:order/state (main/place-order stock 1 "Ada" ["gift-box"]))))
    (is (= 2 (stock/on-hand stock :sencha)))
    (is (thrown-with-msg? clojure.lang.ExceptionInfo #"Not enough"
                          (main/place-order stock 2 "Ada" ["sencha=1" "assam"])))
    (is (= 2 (stock/on-hand stock :sencha)))
    (is (= [:ali-shan 0] (first (stock/low stock 1))))))

(deftest orders-outlive-the-program
  (let [path (.getPath (doto (File/createTempFile "orders" ".edn") (.deleteOnExit)))
        placed [(main/place-order (shelf) 1 "Ada" ["sencha=2"])
                (main/place-order (shelf) 2 "Grace" ["mint"])
                (main/place-order (shelf) 3 "Ada" ["assam"])]]
    (run! #(storage/append-order! path %) placed)
    (let [orders (storage/read-orders path)]
      (is (= placed (map #(dissoc % :order/written) orders)))
      (is (= 4 (storage/next-id orders)))
      (is (= {"Ada" 2 "Grace" 1} (report/by-customer orders)))
      (is (= 3080 (report/turnover orders rules/applicable)))
      (is (= [[:sencha 2]] (report/best-sellers orders 1))))))

(deftest holidays-are-cheaper
  (let [placed (main/place-order (shelf) 1 "Ada" ["sencha=2"])]
    (binding [rules/*holiday* true]
      (is (= 1710 (report/turnover [placed] rules/applicable))))))

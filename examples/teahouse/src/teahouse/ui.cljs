(ns teahouse.ui
  "The price list in a browser, where an order is put together by clicks."
  (:require [clojure.string :as str]
            [teahouse.catalog :as catalog]
            [teahouse.money :as money]
            [teahouse.order :as order]
            [teahouse.pricing :as pricing]))

(defonce state (atom (order/new-order 0 "guest")))

(defn element [tag text]
  (let [node (.createElement js/document tag)]
    (set! (.-textContent node) text)
    node))

(defn on-click! [node f]
  (.addEventListener node "click" f)
  node)

(defn article-row
  "The row of an article; a click on it orders one."
  [article]
  (on-click! (element "li" (str/join " — " [(catalog/title article)
                                            (money/show (pricing/price article))]))
             #(swap! state order/add-line (catalog/id article) 1)))

(defn total-text [order]
  (str "Total: " (money/show (order/total order []))))

(defn render! [root]
  (set! (.-innerHTML root) "")
  (doseq [article (sort-by catalog/title (vals catalog/articles))]
    (.appendChild root (article-row article)))
  (.appendChild root (element "p" (total-text @state))))

(defn ^:export init []
  (let [root (.getElementById js/document "teahouse")]
    (add-watch state ::render (fn [_ _ _ _] (render! root)))
    (render! root)))

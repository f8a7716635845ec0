(ns teahouse.order
  "An order from the first line to the handing over. Orders are plain maps; every step returns a new one."
  (:require [clojure.string :as str]
            [teahouse.catalog :as catalog]
            [teahouse.pricing :as pricing]))

(def transitions
  "Which state may follow which."
  {:open #{:paid :cancelled}
   :paid #{:packed :refunded}
   :packed #{:handed-over}
   :handed-over #{}
   :cancelled #{}
   :refunded #{}})

(def ^:private max-quantity 99)

(defn new-order
  "An empty order of a customer."
  [order-id customer]
  {:order/id order-id
   :order/customer customer
   :order/state :open
   :order/lines []})

(defn line
  "An order line."
  [article-id quantity]
  {:article-id article-id :quantity quantity})

(defn line-problem
  "Why a line cannot be ordered, or nil."
  [{:keys [article-id quantity]}]
  (cond
    (nil? (catalog/find-article article-id)) (str "unknown article " article-id)
    (not (int? quantity)) "the quantity is no whole number"
    (not (<= 1 quantity max-quantity)) (str "the quantity must be between 1 and " max-quantity)))

(defn problems
  "All that is wrong with an order."
  [order]
  (cond-> (into [] (keep line-problem) (:order/lines order))
    (empty? (:order/lines order)) (conj "the order is empty")
    (str/blank? (:order/customer order)) (conj "the order has no customer")))

(defn valid?
  "Whether nothing is wrong with an order."
  [order]
  (empty? (problems order)))

(defn- merge-lines [lines {:keys [article-id quantity]}]
  (let [at (first (keep-indexed #(when (= article-id (:article-id %2)) %1) lines))]
    (if at
      (update-in lines [at :quantity] + quantity)
      (conj lines (line article-id quantity)))))

(defn add-line
  "Adds so many of an article; more of the same go into one line."
  [order article-id quantity]
  (update order :order/lines merge-lines (line article-id quantity)))

(defn remove-article
  "Takes an article off the order."
  [order article-id]
  (update order :order/lines
          (fn [lines] (into [] (remove #(= article-id (:article-id %))) lines))))

(defn can-become?
  "Whether an order may go to a state."
  [order state]
  (contains? (transitions (:order/state order)) state))

(defn advance
  "The order in its next state; an exception where that may not follow."
  [order state]
  (if (can-become? order state)
    (assoc order :order/state state)
    (throw (ex-info (str "An order that is " (name (:order/state order))
                         " cannot become " (name state))
                    {:type ::bad-transition :order order :state state}))))

(defn total
  "What the customer pays."
  [order rules]
  (pricing/total (:order/lines order) rules))

(ns teahouse.stock
  "How much of each tea is left."
  (:require [teahouse.catalog :as catalog]))

(defprotocol Stock
  "A place that knows how much is left."
  (on-hand [stock tea-id] "How many packets are left.")
  (take! [stock amounts] "Takes packets out: all of them, or none and an exception.")
  (put! [stock tea-id n] "Puts packets on the shelf."))

(defn tea-amounts
  "What lines need in single teas: bundles are opened, and the bundles in them."
  [lines]
  (loop [open (map (juxt :article-id :quantity) lines)
         amounts {}]
    (if-let [[article-id n] (first open)]
      (let [content (catalog/parts (catalog/known-article article-id))]
        (if content
          (recur (concat (rest open) (map (fn [[part m]] [part (* n m)]) content)) amounts)
          (recur (rest open) (update amounts article-id (fnil + 0) n))))
      amounts)))

(defn missing
  "What of the amounts is not there, by tea."
  [levels amounts]
  (into {}
        (keep (fn [[tea-id n]]
                (let [left (get levels tea-id 0)]
                  (when (< left n) [tea-id (- n left)]))))
        amounts))

(defrecord MemoryStock [levels]
  Stock
  (on-hand [_ tea-id] (get @levels tea-id 0))
  (take! [_ amounts]
    (swap! levels
           (fn [current]
             (let [short-of (missing current amounts)]
               (when (seq short-of)
                 (throw (ex-info "Not enough on the shelf"
                                 {:type ::out-of-stock :missing short-of})))
               (merge-with - current amounts)))))
  (put! [_ tea-id n]
    (swap! levels update tea-id (fnil + 0) n)))

(defn memory-stock
  "A stock that lives as long as the program."
  [levels]
  (->MemoryStock (atom levels)))

(defn low
  "The teas of which fewer than `limit` are left, scarcest first."
  [stock limit]
  (->> (vals catalog/articles)
       (remove catalog/bundle?)
       (map (fn [tea] [(catalog/id tea) (on-hand stock (catalog/id tea))]))
       (filter (fn [[_ n]] (< n limit)))
       (sort-by (juxt second first))))

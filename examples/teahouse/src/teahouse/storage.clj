(ns teahouse.storage
  "Orders on disk, one EDN form a line."
  (:require [clojure.edn :as edn]
            [clojure.java.io :as io])
  (:import (java.io PushbackReader)
           (java.time Instant)))

(defn now
  "This moment as text."
  []
  (str (Instant/now)))

(defn append-order!
  "Writes an order at the end of a file."
  [path order]
  (io/make-parents path)
  (spit path (str (pr-str (assoc order :order/written (now))) "\n") :append true)
  order)

(defn read-orders
  "All orders of a file, in the order they were written; none where there is no file."
  [path]
  (if (.exists (io/file path))
    (with-open [in (PushbackReader. (io/reader path))]
      (->> (repeatedly #(edn/read {:eof ::end} in))
           (take-while #(not= ::end %))
           (vec)))
    []))

(defn next-id
  "The number after the highest that has been given."
  [orders]
  (inc (reduce max 0 (map :order/id orders))))

;; Reads Transit, one value a line, and writes each anew, for transit-clj: INPUT OUTPUT KIND
(require '[cognitect.transit :as transit] '[clojure.java.io :as io])
(import '[java.io ByteArrayInputStream ByteArrayOutputStream])

(let [[input output kind] *command-line-args*]
  (with-open [out (io/writer output)]
    (doseq [line (line-seq (io/reader input))]
      (let [value (transit/read (transit/reader (ByteArrayInputStream. (.getBytes ^String line "UTF-8")) :json))
            bytes (ByteArrayOutputStream.)]
        (transit/write (transit/writer bytes (keyword kind)) value)
        (.write out (str (.toString bytes "UTF-8") "\n"))))))

;; Reads every case of a file with Clojure's own readers and writes what came of it.
;; Arguments: the file of cases, a vector of [mode text] pairs, and the file to write, one answer a line.
(require '[clojure.edn :as edn] '[clojure.java.io :as io])
(import '(java.io PushbackReader StringReader))

(defn forms [read-form text]
  (let [reader (PushbackReader. (StringReader. text) 8)
        end (Object.)]
    (loop [found []]
      (let [form (read-form reader end)]
        (if (identical? form end) found (recur (conj found form)))))))

(defn read-edn [reader end]
  (edn/read {:eof end :default tagged-literal} reader))

(defn read-clojure [reader end]
  (read {:eof end :read-cond :allow :features #{:clj}} reader))

(defn answer [mode text]
  (try
    (binding [*read-eval* false
              *default-data-reader-fn* tagged-literal
              *print-meta* true
              *print-namespace-maps* false]
      [:ok (mapv pr-str (forms (case mode :edn read-edn :clojure read-clojure) text))])
    (catch Throwable e
      [:error (str (.getSimpleName (class e)) ": " (.getMessage e))])))

(let [[cases answers] *command-line-args*]
  (with-open [out (io/writer answers :encoding "UTF-8")]
    (doseq [[mode text] (edn/read-string (slurp cases :encoding "UTF-8"))]
      (.write out (pr-str (answer mode text)))
      (.write out "\n"))))

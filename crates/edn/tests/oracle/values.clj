(require '[clojure.edn :as edn] '[clojure.java.io :as io])

(let [[input output] *command-line-args*
      values (with-open [in (java.io.PushbackReader. (io/reader input))]
               (vec (take-while #(not= % ::end) (repeatedly #(edn/read {:eof ::end} in)))))]
  (with-open [out (io/writer output)]
    (doseq [i (range (count values))
            :let [value (nth values i)
                  before #(and (>= i %) (= value (nth values (- i %))))]]
      (.write out (str (pr-str [(hash value) (pr-str value) (before 1) (before 2)]) "\n")))))

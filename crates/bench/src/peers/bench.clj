;; Measures DataScript or Datalevin: `clojure.main bench.clj ENGINE FOLDER`.
;;
;; The folder has a plan and data, and a line goes out for each row; how time is taken and what is counted is the same for
;; every engine (clock.rs). Both engines have the same API, so the one that is wanted is looked up by its namespace.

(require '[clojure.edn :as edn] '[clojure.java.io :as io] '[clojure.string :as str])

(def engine (first *command-line-args*))
(def folder (second *command-line-args*))
(def datalevin? (= engine "datalevin"))

(defn api [name]
  (requiring-resolve (symbol (str engine ".core") name)))

(def plan (edn/read-string (slurp (io/file folder "plan.edn"))))

;; Data

(defn facts [dataset]
  (with-open [in (io/reader (io/file folder (get-in plan [:datasets dataset :facts])))]
    (mapv edn/read-string (line-seq in))))

(defn many? [schema a]
  (= :db.cardinality/many (get-in schema [a :db/cardinality])))

(defn entity-maps
  "Entities as maps with a tempid each, as DataScript's own benchmark adds them."
  [schema facts]
  (for [own (partition-by first facts)]
    (reduce (fn [m [_ a v]]
              (let [v (if (= :db.type/ref (get-in schema [a :db/valueType])) (str v) v)]
                (if (many? schema a) (update m a (fnil conj []) v) (assoc m a v))))
            {:db/id (str (ffirst own))}
            own)))

(def folders (atom []))

(defn new-folder []
  (let [root (if (.isDirectory (io/file "/dev/shm")) "/dev/shm" (System/getProperty "java.io.tmpdir"))
        path (str root "/bench-" (random-uuid))]
    (swap! folders conj path)
    path))

(defn delete-folders []
  (doseq [path @folders, file (reverse (file-seq (io/file path)))]
    (io/delete-file file true))
  (reset! folders []))

(def unsafe {:kv-opts {:flags #{:nordahead :notls :nosync :nometasync :writemap :mapasync}
                       :mapsize 2000}})

(defn typed
  "Datalevin compares values that have a type as such; without one they are blobs."
  [schema facts]
  (reduce (fn [schema [a v]]
            (update schema a
                    (fn [said]
                      (merge {:db/valueType (cond (string? v) :db.type/string
                                                  (int? v) :db.type/long
                                                  (keyword? v) :db.type/keyword
                                                  (boolean? v) :db.type/boolean)}
                             said))))
          schema
          (into {} (map (fn [[_ a v]] [a v])) facts)))

(defn empty-db [schema]
  (if datalevin?
    ((api "empty-db") (new-folder) schema unsafe)
    ((api "empty-db") schema)))

(defn init-db [schema datoms]
  (if datalevin?
    ((api "init-db") datoms (new-folder) schema unsafe)
    ((api "init-db") datoms schema)))

(defn datoms-of [facts]
  (let [datom (api "datom")]
    (mapv (fn [[e a v]] (datom e a v)) facts)))

(defn prepared [dataset]
  (let [facts (facts dataset)
        schema (get-in plan [:datasets dataset :schema])
        schema (if datalevin? (typed schema facts) schema)]
    {:schema schema :facts facts :db (delay (init-db schema (datoms-of facts)))}))

(def dataset-now (atom nil))

(defn dataset [name]
  (when (not= name (first @dataset-now))
    (reset! dataset-now nil)
    (delete-folders)
    (System/gc)
    (reset! dataset-now [name (prepared name)]))
  (second @dataset-now))

(defn size [db]
  (count ((api "datoms") db :eav)))

(defn db-size [db]
  (if datalevin? (size db) (count db)))

;; Tasks: each gives a function of no arguments, whose result tells how much came out.

(defn maps-in [x]
  (cond (map? x) (inc (reduce + (map maps-in (vals x))))
        (coll? x) (reduce + (map maps-in x))
        :else 0))

(defn as-map [attributes entity]
  (assoc (select-keys entity attributes)
         :follows (mapv #(as-map attributes %) (:follows entity))))

(defn added [empty txs]
  (let [db-with (api "db-with")]
    (reduce db-with empty txs)))

(defn shuffled [items]
  (let [items (java.util.ArrayList. ^java.util.Collection items)]
    (java.util.Collections/shuffle items (java.util.Random. 1))
    (vec items)))

(defmulti task (fn [row _] (:task row)))

(defmethod task :ask [{:keys [query inputs]} {:keys [db]}]
  (let [q (api "q"), db @db
        ask #(apply q query db inputs)
        cache (when datalevin? (requiring-resolve 'datalevin.query/*cache?*))]
    (if cache
      #(count (with-bindings {cache false} (ask)))
      #(count (ask)))))

(defmethod task :pull [{:keys [pattern]} {:keys [db]}]
  (let [pull (api "pull"), db @db]
    #(maps-in (pull db pattern 1))))

(defmethod task :entities [{:keys [attributes]} {:keys [db]}]
  (let [entity (api "entity"), db @db]
    #(maps-in (as-map attributes (entity db [:id 1])))))

(defn find-all [find {:keys [db]}]
  (let [db @db]
    #(reduce (fn [n id] (if (some? (find db id)) (inc n) n)) 0 (range 9000 11000))))

(def eavt (if datalevin? :eav :eavt))

(defmethod task :find-datoms [_ data]
  (let [datoms (api "datoms")]
    (find-all (fn [db id] (:v (first (datoms db eavt id :full-name)))) data)))

(defmethod task :find-datom [_ data]
  (let [datom (api "find-datom")]
    (when-not datom (throw (ex-info "no find-datom" {})))
    (find-all (fn [db id] (:v (datom db eavt id :full-name))) data)))

(defmethod task :add-fact [_ {:keys [schema facts]}]
  #(db-size (added (empty-db schema) (map (fn [[e a v]] [[:db/add e a v]]) facts))))

(defmethod task :add-entity [_ {:keys [schema facts]}]
  (let [txs (mapv vector (entity-maps schema facts))]
    #(db-size (added (empty-db schema) txs))))

(defmethod task :add-all [_ {:keys [schema facts]}]
  (let [tx (vec (entity-maps schema facts))]
    #(db-size (added (empty-db schema) [tx]))))

(defmethod task :init [_ {:keys [schema facts]}]
  (let [datoms (datoms-of facts)]
    #(db-size (init-db schema datoms))))

(defmethod task :retract [_ {:keys [schema facts]}]
  (let [txs (mapv (fn [e] [[:db.fn/retractEntity e]]) (shuffled (distinct (map first facts))))
        datoms (datoms-of facts)
        again #(init-db schema datoms)
        kept (when-not datalevin? (again))]
    (when datalevin? (throw (ex-info "what is retracted is gone: no second run" {})))
    #(db-size (added kept txs))))

(defmethod task :freeze [_ {:keys [db]}]
  (let [serializable (api "serializable"), json (requiring-resolve 'jsonista.core/write-value-as-string)
        db @db]
    #(do (json (serializable db)) 1)))

(defmethod task :thaw [_ {:keys [db]}]
  (let [from (api "from-serializable"), read-json (requiring-resolve 'jsonista.core/read-value)
        text ((requiring-resolve 'jsonista.core/write-value-as-string) ((api "serializable") @db))]
    #(db-size (from (read-json text)))))

;; Time

(defn ms-since [start]
  (/ (- (System/nanoTime) start) 1e6))

(defn own-ms
  "How long this thread has run, whatever else the machine has to do."
  []
  (/ (.getCurrentThreadCpuTime (java.lang.management.ManagementFactory/getThreadMXBean)) 1e6))

(def long-ms
  "What takes so long is not waited for any longer."
  20000)

(defn median
  "Warms up as DataScript's own benchmark does, for two seconds and ten runs: the first runs are interpreted."
  [f]
  (let [start (System/nanoTime), own-start (own-ms), n (f)]
    (loop [runs 1]
      (when (and (< (ms-since start) long-ms)
                 (or (< runs 10) (< (- (own-ms) own-start) (max 2000 (:warmup-ms plan)))))
        (f)
        (recur (inc runs))))
    (let [start (System/nanoTime)]
      (loop [times []]
        (if (and (seq times)
                 (or (> (ms-since start) long-ms)
                     (and (>= (count times) (:least-runs plan)) (>= (ms-since start) (:measure-ms plan)))))
          [(nth (sort times) (quot (count times) 2)) n]
          (let [before (System/nanoTime)]
            (f)
            (recur (conj times (ms-since before)))))))))

(defn line [& parts]
  (println (str/join parts))
  (flush))

(defn escaped [text]
  (str/escape (str text) {\" "'" \\ "/" \newline " "}))

(def collectors
  (str/join ", " (map #(.getName ^java.lang.management.GarbageCollectorMXBean %)
                      (java.lang.management.ManagementFactory/getGarbageCollectorMXBeans))))

(line "{\"engine\": \"" engine "\", \"runtime\": \"Java " (System/getProperty "java.version")
      ", Clojure " (clojure-version) ", " collectors "\"}")

(doseq [row (:rows plan)]
  (let [worker (future
                 (try (let [[ms n] (median (task row (dataset (:dataset row))))]
                        (line "{\"row\": \"" (:name row) "\", \"ms\": " (double ms) ", \"count\": " n "}"))
                      (catch Throwable e
                        (line "{\"row\": \"" (:name row) "\", \"skipped\": \"" (escaped (or (ex-message e) (class e))) "\"}"))))]
    (when (= ::late (deref worker 180000 ::late))
      (line "{\"row\": \"" (:name row) "\", \"skipped\": \"takes longer than 180 s\"}")
      ;; What does not end would disturb the rows after it.
      (System/exit 0))))

(delete-folders)
(shutdown-agents)
(System/exit 0)

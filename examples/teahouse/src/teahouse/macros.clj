(ns teahouse.macros
  "Two small macros of the shop.")

(defmacro defrule
  "Defines a discount rule and enters it into `teahouse.rules/registry`, so that all rules are found in one place."
  [rule-name docstring rule]
  `(do
     (def ~(with-meta rule-name {:doc docstring})
       (assoc ~rule :name ~(name rule-name)))
     (swap! @(resolve 'teahouse.rules/registry) assoc ~(keyword rule-name) ~rule-name)
     (var ~rule-name)))

(defmacro timed
  "Runs the body and returns its value with the milliseconds it took."
  [& body]
  `(let [start# (System/nanoTime)
         value# (do ~@body)]
     {:value value#
      :millis (quot (- (System/nanoTime) start#) 1000000)}))

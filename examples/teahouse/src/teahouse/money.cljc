(ns teahouse.money
  "Amounts of money, kept as whole cents so that nothing is ever rounded by accident."
  (:require [clojure.string :as str]))

(def currency
  "What an amount is written with."
  "EUR")

(def zero 0)

(defn cents
  "The amount of so many euros and cents."
  ([euros] (cents euros 0))
  ([euros rest-cents] (+ (* 100 euros) rest-cents)))

(defn add
  "The sum of amounts; none is `zero`."
  [& amounts]
  (reduce + zero amounts))

(defn times
  "An amount, `n` times."
  [amount n]
  (* amount n))

(defn percent
  "So many per cent of an amount, rounded down in favour of the customer."
  [amount n]
  (quot (* amount n) 100))

(defn- two-digits [n]
  (if (< n 10) (str "0" n) (str n)))

(defn show
  "An amount as people write it: `12.50 EUR`."
  [amount]
  (let [sign (if (neg? amount) "-" "")
        amount (if (neg? amount) (- amount) amount)]
    (str sign (quot amount 100) "." (two-digits (rem amount 100)) " " currency)))

(defn- parse-int [text]
  #?(:clj (Long/parseLong text)
     :cljs (js/parseInt text 10)))

(defn parse
  "Reads `12`, `12.5` or `12.50`; nil where the text is no amount."
  [text]
  (when-let [[_ euros fraction] (re-matches #"(\d{1,9})(?:\.(\d{1,2}))?" (str/trim text))]
    (let [fraction (cond
                     (nil? fraction) "00"
                     (= 1 (count fraction)) (str fraction "0")
                     :else fraction)]
      (cents (parse-int euros) (parse-int fraction)))))

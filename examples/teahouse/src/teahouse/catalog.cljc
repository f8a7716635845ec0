(ns teahouse.catalog
  "What the shop sells: single teas, and bundles of other articles."
  (:require [teahouse.money :as money]))

(defprotocol Article
  "Something that has a place on the shelf and a price."
  (id [article] "The keyword it is ordered by.")
  (title [article] "What the receipt calls it.")
  (parts [article] "Ids and counts of the articles it is made of; nil for a single one."))

(defrecord Tea [key name kind price grams]
  Article
  (id [_] key)
  (title [_] (str name " " grams " g"))
  (parts [_] nil))

(defrecord Bundle [key name content rebate]
  Article
  (id [_] key)
  (title [_] name)
  (parts [_] content))

(defn tea
  "A tea of some kind (`:green`, `:black`, `:herbal`, `:oolong`) at a price for 100 g."
  [key name kind price]
  (->Tea key name kind price 100))

(def articles
  "All articles, by id."
  (into {}
        (map (juxt id identity))
        [(tea :sencha "Sencha" :green (money/cents 9 50))
         (tea :gyokuro "Gyokuro" :green (money/cents 28))
         (tea :assam "Assam" :black (money/cents 7 20))
         (tea :darjeeling "Darjeeling First Flush" :black (money/cents 14 90))
         (tea :ali-shan "Ali Shan" :oolong (money/cents 19 80))
         (tea :mint "Moroccan Mint" :herbal (money/cents 4 60))
         (->Bundle :starter-box "Starter Box" {:sencha 1 :assam 1 :mint 1} 10)
         (->Bundle :gift-box "Gift Box" {:starter-box 1 :ali-shan 1} 5)]))

(defn find-article
  "The article with an id, or nil."
  [article-id]
  (get articles article-id))

(defn known-article
  "The article with an id; an exception that names it where there is none."
  [article-id]
  (or (find-article article-id)
      (throw (ex-info (str "No such article: " (name article-id))
                      {:type ::unknown-article :id article-id}))))

(defn bundle?
  "Whether an article is made of others."
  [article]
  (some? (parts article)))

(defn of-kind
  "All single teas of a kind, cheapest first."
  [kind]
  (->> (vals articles)
       (filter #(= kind (:kind %)))
       (sort-by :price)))

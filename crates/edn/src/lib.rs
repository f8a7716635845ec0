//! EDN and Clojure source: values, a lossless reader, a printer.

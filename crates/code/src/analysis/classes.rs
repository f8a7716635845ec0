//! Classes of the host: what they are called in full.

use super::ns::Context;

/// What every namespace of Clojure imports from `java.lang`.
const JAVA_LANG: &str = "AbstractMethodError Appendable ArithmeticException ArrayIndexOutOfBoundsException \
    ArrayStoreException AssertionError Boolean Byte CharSequence Character Class ClassCastException \
    ClassCircularityError ClassFormatError ClassLoader ClassNotFoundException CloneNotSupportedException Cloneable \
    Comparable Deprecated Double Enum EnumConstantNotPresentException Error Exception ExceptionInInitializerError \
    Float IllegalAccessError IllegalAccessException IllegalArgumentException IllegalMonitorStateException \
    IllegalStateException IllegalThreadStateException IncompatibleClassChangeError IndexOutOfBoundsException \
    InheritableThreadLocal InstantiationError InstantiationException Integer InternalError InterruptedException \
    Iterable LinkageError Long Math NegativeArraySizeException NoClassDefFoundError NoSuchFieldError \
    NoSuchFieldException NoSuchMethodError NoSuchMethodException NullPointerException Number NumberFormatException \
    Object OutOfMemoryError Override Package Process ProcessBuilder Readable Runnable Runtime RuntimeException \
    RuntimePermission SecurityException SecurityManager Short StackOverflowError StackTraceElement StrictMath String \
    StringBuffer StringBuilder StringIndexOutOfBoundsException SuppressWarnings System Thread Thread$State \
    Thread$UncaughtExceptionHandler ThreadDeath ThreadGroup ThreadLocal Throwable TypeNotPresentException \
    UnknownError UnsatisfiedLinkError UnsupportedClassVersionError UnsupportedOperationException VerifyError \
    VirtualMachineError Void";

/// The same from elsewhere.
const ALSO_IMPORTED: [(&str, &str); 4] = [
    ("BigDecimal", "java.math"),
    ("BigInteger", "java.math"),
    ("Callable", "java.util.concurrent"),
    ("Compiler", "clojure.lang"),
];

/// The full name of the class that a symbol names: `Date`, `Date.`, `Date/parse`, `java.util.Date`. Nothing where it names none
/// that is known.
pub(super) fn class_of(context: &Context, symbol: &str) -> Option<String> {
    let class = symbol.split_once('/').map_or(symbol, |(class, _)| class);
    let class = class.strip_suffix('.').unwrap_or(class);
    if let Some(package) = context.imports.get(class) {
        return Some(joined(package, class));
    }
    if JAVA_LANG.split_ascii_whitespace().any(|name| name == class) {
        return Some(joined("java.lang", class));
    }
    if let Some((_, package)) = ALSO_IMPORTED.iter().find(|(name, _)| *name == class) {
        return Some(joined(package, class));
    }
    let (package, simple) = class.rsplit_once('.')?;
    let is_class = !package.is_empty() && simple.starts_with(char::is_uppercase);
    is_class.then(|| class.to_string())
}

/// A class of a package, which may be none.
pub(super) fn joined(package: &str, class: &str) -> String {
    if package.is_empty() { class.to_string() } else { format!("{package}.{class}") }
}

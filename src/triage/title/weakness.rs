//! The class of weakness that a text states: by CWE id, or by the words that people use for it.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::triage::first_bytes;

/// How much of a text is read for its class, in bytes: the beginning says what it is about.
const MOST_READ: usize = 8 << 10;

/// A class of weakness: what a title calls it, its CWE ids, and how people say it, in lower case. A phrase that ends in
/// `*` is the beginning of a word.
struct Class {
    name: &'static str,
    cwe: &'static [u32],
    /// Says what happens and not why, so that every other class says more.
    effect: bool,
    phrases: &'static str,
}

const fn class(name: &'static str, cwe: &'static [u32], phrases: &'static str) -> Class {
    Class { name, cwe, effect: false, phrases }
}

const fn effect(name: &'static str, cwe: &'static [u32], phrases: &'static str) -> Class {
    Class { name, cwe, effect: true, phrases }
}

/// Names follow the CWE list (cwe.mitre.org) where it has a short one.
const CLASSES: &[Class] = &[
    class(
        "path traversal",
        &[22, 23, 35, 36, 73],
        "path traversal | directory traversal | traversal | zip slip | pfadausbruch | traversée de répertoire* | 目录遍历 | 路径穿越 | 路径遍历 \
         | パストラバーサル | ディレクトリトラバーサル",
    ),
    class("symlink following", &[59, 61], "symlink* | symbolic link* | 符号链接 | シンボリックリンク"),
    class("server-side request forgery", &[918], "ssrf | server-side request forgery | server side request forgery"),
    class("cross-site request forgery", &[352], "csrf | cross-site request forgery"),
    class("cross-site scripting", &[79, 80], "xss | cross-site scripting | cross site scripting"),
    class(
        "SQL injection",
        &[89],
        "sql injection* | sqli | injection sql | inyección sql | injeção de sql | sql 注入 | sql注入 | sqlインジェクション",
    ),
    class(
        "command injection",
        &[77, 78, 88],
        "command injection | shell injection | command execution | os command | befehlsinjektion | injection de commande* | inyección de comandos \
         | injeção de comando* | 命令注入 | 命令执行 | コマンドインジェクション",
    ),
    class(
        "code injection",
        &[94, 95, 96],
        "code injection | remote code execution | code execution | rce | arbitrary code | codeausführung | code auszuführen | exécution de code \
         | ejecución de código | execução de código | 代码执行 | 任意代码 | 代码注入 | コード実行 | 任意のコード",
    ),
    class("log injection", &[117], "log injection | log forging | 日志注入 | ログインジェクション"),
    class("header injection", &[93, 113], "crlf injection | header injection | response splitting"),
    class("request smuggling", &[444], "request smuggling | http smuggling"),
    class("injection", &[74, 91, 943], "injection | inyección | injeção | 注入 | インジェクション"),
    class("XML external entities", &[611], "xxe | external entit* | 外部实体 | 外部実体"),
    class(
        "deserialization of untrusted data",
        &[502],
        "deserializ* | deserialis* | unserialize | unpickl* | désérialisation | deserialización | desserialização | 反序列化 | デシリアライズ",
    ),
    class("prototype pollution", &[1321], "prototype pollution | 原型污染 | プロトタイプ汚染"),
    class("open redirect", &[601], "open redirect*"),
    class("use after free", &[416], "use after free | use-after-free | 释放后使用"),
    class("double free", &[415], "double free | double-free"),
    class(
        "out-of-bounds read",
        &[125, 126],
        "out-of-bounds read | out of bounds read | heap over-read | buffer over-read | 越界读取 | 越界读",
    ),
    class(
        "out-of-bounds write",
        &[787, 122, 121],
        "out-of-bounds write | out of bounds write | heap overflow | stack-based overflow | 越界写",
    ),
    class(
        "buffer overflow",
        &[119, 120],
        "buffer overflow* | heap-buffer-overflow | pufferüberlauf | débordement de tampon | desbordamiento de búfer | estouro de buffer | 缓冲区溢出 \
         | バッファオーバーフロー",
    ),
    class(
        "integer overflow",
        &[190, 191],
        "integer overflow* | integer underflow* | ganzzahlüberlauf | 整数溢出 | 整数オーバーフロー",
    ),
    class(
        "NULL pointer dereference",
        &[476],
        "nil pointer | null pointer | nil dereference | nullpointerexception | nullreferenceexception | 空指针",
    ),
    class(
        "race condition",
        &[362, 367],
        "race condition* | data race* | toctou | wettlaufsituation | 竞态条件 | 競合状態",
    ),
    class(
        "stack exhaustion",
        &[674, 776],
        "stack overflow | uncontrolled recursion | unbounded recursion | billion laughs | stackoverflow* | 栈溢出",
    ),
    class(
        "infinite loop",
        &[835],
        "infinite loop* | endless loop* | loops forever | endlosschleife | boucle infinie | bucle infinito | laço infinito | 死循环 | 無限ループ",
    ),
    class(
        "regular expression denial of service",
        &[1333],
        "redos | catastrophic backtracking | regular expression denial | exponential backtracking | 正则表达式拒绝服务 | 灾难性回溯",
    ),
    class(
        "decompression bomb",
        &[409],
        "decompression bomb | zip bomb | gzip bomb | zstd bomb | compression bomb | dekompressionsbombe | 解压炸弹 | 压缩炸弹 | 解凍爆弾",
    ),
    class(
        "memory exhaustion",
        &[770, 789, 401],
        "memory exhaustion | out of memory | out-of-memory | oom | oom-killed | unbounded memory | unbounded allocation* | memory leak* | excessive allocation* \
         | unbounded cardinality | cardinality explosion | label cardinality | speichererschöpfung | speicherverbrauch | speicherleck | épuisement de la mémoire \
         | épuise la mémoire | fuite de mémoire | agotamiento de memoria | agota la memoria | fuga de memoria | esgotamento de memória | esgota a memória \
         | vazamento de memória | 内存耗尽 | 内存泄漏 | 内存溢出 | メモリ枯渇 | メモリリーク",
    ),
    class("file descriptor exhaustion", &[769, 772, 775], "fd leak | descriptor leak* | file descriptor* | 文件描述符"),
    class(
        "authentication bypass",
        &[287, 288, 290, 305, 306],
        "authentication bypass | auth bypass | bypass authentication | bypasses authentication | missing authentication | without authentication | unauthenticated access \
         | authentifizierung umgehen | umgehung der authentifizierung | contournement de l'authentification | sans authentification | omisión de autenticación \
         | sin autenticación | bypass de autenticação | sem autenticação | 认证绕过 | 身份验证绕过 | 未授权访问 | 認証回避 | 認証バイパス",
    ),
    class(
        "missing authorization",
        &[284, 285, 639, 862, 863],
        "missing authorization | broken access control | idor | authorization bypass | missing permission check | 越权 | 認可",
    ),
    class(
        "improper certificate validation",
        &[295, 297],
        "certificate validation | certificate verification | hostname verification | hostname is not verified | tls verification | insecureskipverify | any certificate \
         | zertifikatsprüfung | validation du certificat | validación del certificado | validação de certificado | 证书校验 | 证书验证 | 証明書検証",
    ),
    class(
        "signature bypass",
        &[345, 347],
        "signature bypass | signature is not verified | signature verification | 签名绕过",
    ),
    class(
        "timing side channel",
        &[203, 208],
        "timing attack* | timing side channel* | side channel* | constant time | constant-time | non-constant | 计时攻击 | 时序攻击 | タイミング攻撃",
    ),
    class(
        "privilege escalation",
        &[250, 269, 264],
        "privilege escalation | escalation of privilege* | escalate privileges | rechteausweitung | élévation de privilèges | escalada de privilegios \
         | escalonamento de privilégios | 提权 | 权限提升 | 権限昇格",
    ),
    class(
        "insecure permissions",
        &[276, 732],
        "world-readable | world readable | world-writable | world writable | insecure permission* | 全局可读",
    ),
    class("hard-coded credentials", &[259, 798, 321], "hardcoded | hard-coded | hard coded | 硬编码"),
    class(
        "cleartext transmission",
        &[311, 319],
        "in clear text | in cleartext | cleartext transmission | unverschlüsselt | klartext | en clair | texto plano | texto claro | 明文 | 平文",
    ),
    class(
        "secrets in telemetry or logs",
        &[532, 215, 538],
        "credentials in | password in | passwords in | token in | tokens in | secrets in | api key in | passwörter in | zugangsdaten in | mot de passe dans \
         | mots de passe dans | contraseña en | contraseñas en | senha em | senhas em",
    ),
    class(
        "supply chain compromise",
        &[1357, 829, 494, 427],
        "dependency confusion | typosquat* | supply chain | pwn request* | 供应链 | サプライチェーン",
    ),
    class(
        "spoofing",
        &[346, 348, 451],
        "spoofing | spoofed | impersonation | impersonate* | fälsch* | suplantación | usurpation | 伪造 | なりすまし",
    ),
    effect(
        "information disclosure",
        &[200, 209, 212, 359, 497, 522, 668],
        "information disclosure | information leak* | info leak* | data leak* | leaks | leaked | leaking | exposes | discloses | informationsabfluss | fuite d'information* \
         | fuga de información | vazamento de informaç* | 信息泄露 | 信息泄漏 | 泄露 | 情報漏えい | 情報漏洩",
    ),
    effect(
        "denial of service",
        &[400, 404, 405, 407, 248, 754, 755, 617],
        "denial of service | denial-of-service | ddos | crash* | panic* | hang | hangs | resource exhaustion | resource consumption | dienstverweigerung | absturz \
         | stürzt | déni de service | plantage | denegación de servicio | negação de serviço | 拒绝服务 | 崩溃 | サービス拒否 | サービス妨害 | クラッシュ",
    ),
];

/// Names of CWEs that are no class of the table, as cwe.mitre.org has them, shortened.
const OTHER_CWES: &[(u32, &str)] = &[
    (20, "improper input validation"),
    (99, "resource injection"),
    (116, "improper output encoding"),
    (129, "improper validation of array index"),
    (131, "incorrect buffer size calculation"),
    (134, "uncontrolled format string"),
    (189, "numeric error"),
    (201, "sensitive data in sent data"),
    (327, "broken cryptographic algorithm"),
    (328, "weak hash"),
    (330, "insufficiently random values"),
    (338, "weak pseudo-random number generator"),
    (377, "insecure temporary file"),
    (379, "temporary file in an insecure directory"),
    (426, "untrusted search path"),
    (428, "unquoted search path"),
    (434, "unrestricted file upload"),
    (441, "unintended proxy"),
    (506, "embedded malicious code"),
    (525, "sensitive data in a browser cache"),
    (552, "files accessible to external parties"),
    (598, "sensitive data in a query string"),
    (613, "insufficient session expiration"),
    (665, "improper initialization"),
    (667, "improper locking"),
    (670, "incorrect control flow"),
    (672, "use after expiration or release"),
    (682, "incorrect calculation"),
    (693, "protection mechanism failure"),
    (697, "incorrect comparison"),
    (703, "improper handling of exceptional conditions"),
    (704, "incorrect type conversion"),
    (707, "improper neutralization"),
    (778, "insufficient logging"),
    (824, "access of uninitialized pointer"),
    (843, "type confusion"),
    (908, "use of uninitialized resource"),
    (913, "improper control of dynamic code"),
    (915, "mass assignment"),
    (917, "expression language injection"),
    (922, "insecure storage of sensitive data"),
    (942, "permissive cross-domain policy"),
    (1004, "sensitive cookie without HttpOnly"),
    (1188, "insecure default"),
    (1284, "improper validation of quantity"),
    (1286, "improper validation of syntax"),
    (1336, "template injection"),
    (1392, "default credentials"),
    (1395, "vulnerable third-party component"),
];

/// What the weakness with this id is called; `None`: the id alone must do.
pub(super) fn of_cwe(id: &str) -> Option<&'static str> {
    let number: u32 = id.strip_prefix("CWE-")?.parse().ok()?;
    let class = CLASSES.iter().find(|class| class.cwe.contains(&number)).map(|class| class.name);
    class.or_else(|| OTHER_CWES.iter().find(|(of, _)| *of == number).map(|(_, name)| *name))
}

/// The class that `text` states most: a cause before an effect, then the one that is said most often, then first.
pub(super) fn stated(text: &str) -> Option<&'static str> {
    let mut counts: Vec<(usize, usize)> = Vec::new();
    for found in INDEX.any.find_iter(first_bytes(text, MOST_READ)) {
        let Some(at) = INDEX.class_of(found.as_str()) else { continue };
        match counts.iter_mut().find(|(of, _)| *of == at) {
            Some((_, count)) => *count += 1,
            None => counts.push((at, 1)),
        }
    }
    let classes = counts.into_iter().filter_map(|(at, count)| Some((CLASSES.get(at)?, count)));
    // The last of several maxima is taken, so the first is made the last.
    let ranked = classes.collect::<Vec<_>>().into_iter().rev();
    ranked.max_by_key(|(class, count)| (!class.effect, *count)).map(|(class, _)| class.name)
}

/// All phrases as one expression, which reads a text once.
struct Index {
    any: Regex,
    whole: HashMap<&'static str, usize>,
    beginnings: Vec<(&'static str, usize)>,
}

impl Index {
    fn class_of(&self, found: &str) -> Option<usize> {
        let found = found.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let begun = || self.beginnings.iter().find(|(begin, _)| found.starts_with(begin)).map(|(_, at)| *at);
        self.whole.get(found.as_str()).copied().or_else(begun)
    }
}

static INDEX: LazyLock<Index> = LazyLock::new(|| {
    let mut phrases: Vec<(&'static str, usize)> = CLASSES
        .iter()
        .enumerate()
        .flat_map(|(at, class)| class.phrases.split('|').map(move |phrase| (phrase.trim(), at)))
        .collect();
    // The longest that fits is what is meant.
    phrases.sort_by_key(|(phrase, _)| std::cmp::Reverse(phrase.len()));
    let pattern = |(phrase, _): &(&str, usize)| {
        let (stem, open) = phrase.strip_suffix('*').map_or((*phrase, false), |stem| (stem, true));
        let words = regex::escape(stem).replace(' ', r"\s+");
        let spaced = stem.chars().all(|c| c.is_ascii() || c.is_lowercase());
        // Scripts without spaces have no ends of words.
        if !spaced { words } else { format!(r"\b{words}{}", if open { r"\w*" } else { r"\b" }) }
    };
    // In lower case it is Spanish and Portuguese for other things.
    let any = format!(r"(?i){}|\b(?-i:DoS|DOS)\b", phrases.iter().map(pattern).collect::<Vec<_>>().join("|"));
    phrases.extend(CLASSES.iter().position(|class| class.name == "denial of service").map(|at| ("dos", at)));
    let (open, whole): (Vec<_>, Vec<_>) = phrases.into_iter().partition(|(phrase, _)| phrase.ends_with('*'));
    Index {
        any: match Regex::new(&any) {
            Ok(any) => any,
            Err(error) => unreachable!("the phrases of weaknesses are no expression: {error}"),
        },
        whole: whole.into_iter().collect(),
        beginnings: open.into_iter().map(|(phrase, at)| (phrase.trim_end_matches('*'), at)).collect(),
    }
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_is_known_by_its_words_and_by_its_number() {
        let cases = [
            ("A Path\nTraversal in the exporter", Some("path traversal")),
            ("an attacker crashes it: nil pointer dereference, it panics, it panics", Some("NULL pointer dereference")),
            ("the process panics and panics", Some("denial of service")),
            ("接收器存在内存耗尽问题", Some("memory exhaustion")),
            ("ReDoS by catastrophic backtracking", Some("regular expression denial of service")),
            ("the dosage is right and nothing crosses it", None),
            ("DoS of the receiver", Some("denial of service")),
            ("dos preguntas", None),
            ("Deserialisierung: deserialisation of anything", Some("deserialization of untrusted data")),
            ("symlinks", Some("symlink following")),
        ];
        for (text, expected) in cases {
            assert_eq!(stated(text), expected, "{text:?}");
        }
        assert_eq!(of_cwe("CWE-22"), Some("path traversal"));
        assert_eq!(of_cwe("CWE-20"), Some("improper input validation"));
        assert_eq!(of_cwe("CWE-99999"), None);
    }

    #[test]
    fn every_phrase_is_found_as_its_class() {
        for class in CLASSES {
            for phrase in class.phrases.split('|').map(|phrase| phrase.trim().trim_end_matches('*')) {
                assert_eq!(stated(phrase), Some(class.name), "{phrase:?}");
            }
        }
        let mut numbers: Vec<u32> = CLASSES.iter().flat_map(|class| class.cwe).copied().collect();
        numbers.sort_unstable();
        assert!(numbers.windows(2).all(|pair| pair[0] != pair[1]), "a CWE belongs to two classes: {numbers:?}");
    }
}

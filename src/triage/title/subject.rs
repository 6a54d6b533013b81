//! What a subject says once everything around it is gone: alarm, greetings, tags, "vulnerability report".

use std::sync::LazyLock;

use regex::Regex;

use crate::triage::extract::bare_subject;

/// Words that wrap a subject and say nothing about the finding, in lower case, as they stand before or behind a mark such
/// as `:` or `-`, or in brackets.
const WRAPPERS: &str = "urgent | very urgent | important | critical | attention | please read | action required | asap | fyi | new | private | confidential \
    | embargoed | embargo | 0day | 0-day | zero-day | zero day | psirt | tlp:red | tlp:amber | tlp:amber+strict | tlp:green \
    | security | security report | security issue | security issue report | security bug | security bug report | security vulnerability \
    | security vulnerability report | security advisory | security disclosure | security alert | security notice | security problem | security finding \
    | vulnerability | vulnerability report | vulnerability disclosure | vulnerability notification | vulnerabilities | vuln | vuln report | bug | bug report \
    | issue | report | finding | disclosure | responsible disclosure | coordinated disclosure | coordinated vulnerability disclosure | private disclosure \
    | critical vulnerability | high severity | critical severity | severity high | severity critical | for your attention | private report \
    | dringend | eilt | wichtig | vertraulich | sicherheit | sicherheitslücke | sicherheitsmeldung | sicherheitsproblem | schwachstelle | schwachstellenmeldung \
    | meldung einer schwachstelle | meldung einer sicherheitslücke | meldung | kritisch \
    | confidentiel | sécurité | faille | faille de sécurité | vulnérabilité | rapport de vulnérabilité | signalement | signalement de vulnérabilité \
    | signalement d'une vulnérabilité | divulgation responsable | problème de sécurité | alerte de sécurité \
    | urgente | muy urgente | importante | confidencial | seguridad | vulnerabilidad | reporte de vulnerabilidad | reporte de seguridad \
    | informe de vulnerabilidad | fallo de seguridad | falla de seguridad | problema de seguridad | aviso de seguridad | divulgación responsable \
    | segurança | vulnerabilidade | relatório de vulnerabilidade | relato de vulnerabilidade | relatório de segurança | falha de segurança \
    | divulgação responsável | vulnerabilità | segnalazione | segnalazione di vulnerabilità | sicurezza \
    | срочно | важно | уязвимость | отчет об уязвимости | 긴급 | 취약점 | 취약점 신고 | 보안 취약점 \
    | 紧急 | 重要 | 保密 | 漏洞 | 安全漏洞 | 漏洞报告 | 安全漏洞报告 | 安全报告 | 安全问题 | 漏洞提交 | 漏洞披露 | 緊急漏洞 \
    | 緊急 | 至急 | 脆弱性 | 脆弱性報告 | 脆弱性の報告 | 脆弱性のご報告 | 脆弱性について | セキュリティ | セキュリティ報告 | ご報告 | 報告 | 機密";

/// Words of greetings, in lower case.
const GREETINGS: &str = "hello | hi | hey | dear | greetings | good morning | good afternoon | good evening | good day | hallo | guten tag | guten morgen \
    | sehr geehrte | liebes | liebe | moin | bonjour | bonsoir | salut | cher | chère | chers | hola | buenos días | buenas tardes | buenas | estimado \
    | estimados | olá | ola | oi | bom dia | boa tarde | prezado | prezados | ciao | buongiorno | salve | здравствуйте | привет | добрый день | 안녕하세요 \
    | 你好 | 您好 | 大家好 | こんにちは | お世話になっております | はじめまして";

/// Words that name no finding, in lower case: a subject of nothing else says nothing.
const EMPTY: &str = "a an the this that some one my our your you we i it is are was has have be of in on for to with from at by about regarding re and or \
    possible potential suspected serious severe critical major important urgent high medium low new big small minor severity \
    security vulnerability vulnerabilities vuln vulns bug bugs issue issues problem problems flaw flaws finding findings weakness concern concerns hole report reports reported \
    reporting disclosure disclose submission submit advisory alert notice notification message mail email question questions query help please read \
    found discovered discovering identified noticed something someone somebody here there information info details detail contact attention asap fyi test \
    hello hi hey dear team all everyone folks guys sir madam sirs thanks thank greetings good morning afternoon evening day security-team \
    opentelemetry otel project open telemetry software product code github repository repo github.com community maintainers maintainer no subject none untitled \
    hallo guten tag morgen eine ein einer im in der die das den und sicherheitslücke sicherheitslücken schwachstelle schwachstellen sicherheitsproblem meldung frage problem \
    fehler dringend wichtig gefunden entdeckt mögliche kritische betreff \
    bonjour une un le la les des du de dans et faille failles sécurité vulnérabilité vulnérabilités signalement rapport problème découverte trouvée critique question \
    hola un una el los las en y vulnerabilidad vulnerabilidades seguridad fallo falla reporte informe problema encontrada encontrado consulta urgente crítica \
    olá ola um uma o os as em no na e vulnerabilidade segurança falha relatório relato encontrada encontrei dúvida aviso \
    ciao sicurezza vulnerabilità segnalazione срочно уязвимость уязвимости безопасность безопасности в отчет здравствуйте 취약점 보안 긴급 신고 안녕하세요";

/// The same for scripts that put no spaces between words.
const EMPTY_UNSPACED: &str = "安全漏洞 安全问题 安全报告 漏洞报告 漏洞提交 漏洞披露 漏洞 安全 报告 紧急 重要 问题 发现 一个 关于 存在 请 查收 提交 反馈 您好 你好 咨询 \
    セキュリティ 脆弱性 報告 ご 緊急 至急 重要 お知らせ 件 問題 について の を が 発見 しました お問い合わせ 質問 こんにちは";

/// What stands between a wrapper and the subject.
const MARKS: &[char] = &[':', '：', '-', '–', '—', '|', '｜', '!', '！', '/', ',', '，', '、', '*', '•', '·', '~', '#'];

/// Opening brackets, with what closes them.
const BRACKETS: &[(char, char)] =
    &[('[', ']'), ('(', ')'), ('【', '】'), ('（', '）'), ('「', '」'), ('<', '>'), ('{', '}')];

/// Most words that a greeting has besides its first ones: "Dear OpenTelemetry security team,".
const GREETED: usize = 5;

/// The subject in one line, without what is around it. Nothing of it that could tell of the finding is taken away.
pub(super) fn cleaned(subject: &str) -> String {
    let mut rest = bare_subject(subject);
    // Each round takes something away, so this ends.
    loop {
        let next = round(&rest);
        if next.len() >= rest.len() {
            return rest;
        }
        rest = next;
    }
}

fn round(subject: &str) -> String {
    let bare = bare_subject(undecorated(subject));
    let rest = undecorated(&bare);
    let rest = without_tag_in_front(rest);
    let rest = without_tag_behind(rest);
    let rest = without_greeting(rest);
    let rest = without_alarm(without_wrapper_in_front(rest));
    without_wrapper_behind(rest).to_owned()
}

/// Without signs that only call for attention.
fn undecorated(text: &str) -> &str {
    let sign = |c: char| {
        c.is_whitespace()
            || MARKS.contains(&c) && c != '#'
            || matches!(c, '_' | '=' | ';' | '；' | '。' | '\u{fe0f}' | '‼' | '❗' | '⚠')
            || matches!(u32::from(c), 0x1f300..=0x1faff)
    };
    let text = text.trim_start_matches(sign);
    let text = text.trim_end_matches(|c| sign(c) && c != '*' || matches!(c, '.' | '…'));
    let quoted = |quote: (&str, &str)| text.strip_prefix(quote.0)?.strip_suffix(quote.1);
    let text = [("\"", "\""), ("“", "”"), ("„", "“"), ("'", "'")].into_iter().find_map(quoted).unwrap_or(text);
    // ".NET" begins with a dot, and an ellipsis says nothing.
    if text.starts_with("..") { text.trim_start_matches(['.', ' ']) } else { text }
}

fn without_tag_in_front(text: &str) -> &str {
    let found = BRACKETS.iter().find_map(|(open, close)| {
        let (tag, rest) = text.strip_prefix(*open)?.split_once(*close)?;
        let always = matches!(open, '【' | '「' | '{');
        (!rest.trim().is_empty() && (always || is_wrapper(tag))).then_some(rest)
    });
    found.unwrap_or(text)
}

fn without_tag_behind(text: &str) -> &str {
    let found = BRACKETS.iter().find_map(|(open, close)| {
        let (rest, tag) = text.strip_suffix(*close)?.rsplit_once(*open)?;
        (!rest.trim().is_empty() && is_wrapper(tag)).then_some(rest)
    });
    found.unwrap_or(text)
}

fn is_wrapper(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    let has = |part: &str| words(WRAPPERS).any(|wrapper| wrapper == part.trim());
    has(&text) || text.split([',', '/', ':', '|', ' ']).all(has)
}

fn words(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.split('|').map(str::trim)
}

/// "Hi team, …", "Dear maintainers - …".
fn without_greeting(text: &str) -> &str {
    let lower = text.to_lowercase();
    let greets = words(GREETINGS).any(|greeting| {
        lower.strip_prefix(greeting).is_some_and(|rest| rest.is_empty() || !rest.starts_with(char::is_alphanumeric))
    });
    let end = text.find([',', '!', '，', '！', '、', ':', '：']).or_else(|| text.find(" - ")).filter(|_| greets);
    let Some((greeting, rest)) = end.and_then(|at| text.split_at_checked(at)) else { return text };
    if greeting.split_whitespace().count() <= GREETED + 1 { undecorated(rest) } else { text }
}

/// "Security vulnerability report: …". The mark must be there, so that "Security bypass in X" stays whole.
fn without_wrapper_in_front(text: &str) -> &str {
    let end = text.char_indices().find(|(at, c)| MARKS.contains(c) && !inside_word(text, *at, *c));
    let Some((wrapper, rest)) = end.and_then(|(at, _)| text.split_at_checked(at)) else { return text };
    if !rest.is_empty() && is_wrapper(wrapper) { undecorated(rest) } else { text }
}

/// "URGENT zpages abused": these words are never the beginning of a title.
fn without_alarm(text: &str) -> &str {
    const ALARMS: &[&str] = &["urgent", "urgente", "dringend", "eilt", "asap", "срочно", "緊急", "紧急", "至急"];
    let Some((first, rest)) = text.split_once(' ') else { return text };
    if ALARMS.contains(&first.to_lowercase().as_str()) { rest } else { text }
}

fn without_wrapper_behind(text: &str) -> &str {
    let begin = text.char_indices().rev().find(|(at, c)| MARKS.contains(c) && !inside_word(text, *at, *c));
    let Some((at, mark)) = begin else { return text };
    let wrapper = text.get(at + mark.len_utf8()..).unwrap_or_default();
    let rest = text.get(..at).unwrap_or_default();
    if !rest.trim().is_empty() && is_wrapper(wrapper) { rest.trim_end() } else { text }
}

/// A hyphen or slash within a word is a part of it; so is the colon of `tlp:red`.
fn inside_word(text: &str, at: usize, mark: char) -> bool {
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + mark.len_utf8()..).unwrap_or_default();
    let tlp = mark == ':' && before.to_lowercase().ends_with("tlp");
    let joins = matches!(mark, '-' | '/' | '#' | '*' | '~' | '·')
        && before.ends_with(char::is_alphanumeric)
        && after.starts_with(char::is_alphanumeric);
    tlp || joins
}

/// Whether a subject says nothing about what was found.
pub(super) fn says_nothing(subject: &str) -> bool {
    let mut lower = subject.to_lowercase();
    for word in EMPTY_UNSPACED.split_whitespace() {
        lower = lower.replace(word, " ");
    }
    let mut telling = lower
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_')))
        .map(|word| word.trim_matches(['.', '-', '_']))
        .filter(|word| word.chars().any(char::is_alphabetic))
        .filter(|word| !EMPTY.split_whitespace().any(|empty| empty == *word));
    telling.next().is_none()
}

/// "A vulnerability in X", in several languages.
static PLACE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)^(?:an?\s+|the\s+|une?\s+|una\s+|uma\s+|eine?\s+)?(?:possible\s+|potential\s+|critical\s+|serious\s+|severe\s+|new\s+|kritische\s+|mögliche\s+)*",
        r"(?:security\s+)?(?:vulnerability|vulnerabilities|issue|bug|flaw|problem|concern|weakness|hole|finding|",
        r"sicherheitslücke|schwachstelle|sicherheitsproblem|problème de sécurité|faille(?: de sécurité)?|vulnérabilité|",
        r"vulnerabilidad|fall[ao] de seguridad|fallo|problema de seguridad|vulnerabilidade|falha(?: de segurança)?|vulnerabilità)",
        r"(?:\s+report(?:ed)?)?(?:\s+(?:found|discovered|identified))?\s+",
        r"(?:in|with|affecting|for|of|regarding|about|on|im|in der|in dem|dans|de|du|en|em|no|na|nel|nella)\s+(?:the\s+|der\s+|dem\s+|le\s+|la\s+|el\s+|o\s+)?",
        r"(?P<place>\S.*)$",
        r"|^(?P<before>\S.*?)\s*(?:の脆弱性.*|の件.*|について|に関する.*|中?的?(?:安全)?漏洞(?:报告)?|存在(?:一个)?(?:安全)?漏洞|有漏洞)$",
    ))
    .ok()
});

/// What a subject names that tells where the vulnerability is and not which: "opentelemetry-sdk" of "Vulnerability in
/// opentelemetry-sdk".
pub(super) fn only_place(subject: &str) -> Option<&str> {
    let found = PLACE.as_ref()?.captures(subject)?;
    let place = found.name("place").or_else(|| found.name("before"))?.as_str();
    (!says_nothing(place)).then_some(place)
}

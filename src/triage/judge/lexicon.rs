//! The words of the rules: which phrases express which concept.

/// An idea that a clause can speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Concept {
    Negation,
    Future,
    /// Made known, or visible to anyone.
    Published,
    /// Made known beyond doubt, without naming where.
    OutInTheOpen,
    /// A place where anyone reads.
    Venue,
    /// A place of the project where anyone reads.
    Tracker,
    /// Attacks that happen.
    Exploited,
    /// Wishes for, or promises of, secrecy.
    Secrecy,
    /// To tell somebody.
    Tell,
    /// Standards, manuals, background articles.
    Background,
    /// Software of others.
    OtherSoftware,
    Weakness,
    Availability,
    Attacker,
    Tested,
    Flaw,
    /// A client that was let in.
    Authenticated,
    /// The rights of who runs or configures the thing.
    Operator,
    HowToReport,
    Policy,
    AskHelp,
    AskAffected,
    KeyMaterial,
    Request,
    Expired,
    Bounty,
    Withheld,
    SiteHygiene,
    Marketing,
    Absence,
    Several,
    Fix,
    Procedure,
}

use Concept::{
    Absence, AskAffected, AskHelp, Attacker, Authenticated, Availability, Background, Bounty, Expired, Exploited, Fix,
    Flaw, Future, HowToReport, KeyMaterial, Marketing, Negation, Operator, OtherSoftware, OutInTheOpen, Policy,
    Procedure, Published, Request, Secrecy, Several, SiteHygiene, Tell, Tested, Tracker, Venue, Weakness, Withheld,
};

/// Phrases by concept, separated by `|`; `*` ends a beginning. Lower case, several languages.
pub(super) const LEXICON: &[(Concept, &str)] = &[
    (Negation, "not | no | never | nobody | none | without | neither | nothing | cannot | nor | hasn't | unaware"),
    (Negation, "nicht | kein* | niemand* | nie | noch nicht | ne | pas | aucun* | jamais | personne | sans | rien"),
    (Negation, "nunca | nadie | ningun* | ningún | sin | nada | não | nenhum* | ninguém | sem"),
    (Negation, "没有 | 尚未 | 未 | 不 | 从未 | ない | ません | せず | いません"),
    (
        Future,
        "will | shall | going to | plan | plans | planned publication | planning | intend* | would like to publish | aim to",
    ),
    (
        Future,
        "before we publish | before i publish | until | may publish | might publish | want to publish | after a fix",
    ),
    (
        Future,
        "upcoming | scheduled | werde | werden | geplant | beabsichtig* | allons | prévu* | prévoyons | avant de publier",
    ),
    (
        Future,
        "vamos | planeamos | pretendo | pretendemos | planejamos | publicaremos | publicaré | publicarei | 将 | 计划 | 予定",
    ),
    (
        Published,
        "public | publicly | published | posted | posts | disclosed publicly | leaked | tweeted | circulat* | going round",
    ),
    (
        Published,
        "went live | is live | is online | are online | already online | world readable | shared openly | picked up by",
    ),
    (
        Published,
        "boosts | retweet* | reposted | upvote* | went up | put up | dropped on | filed | opened | landed on | shown at",
    ),
    (
        Published,
        "presented at | uploaded | discussed | describes | contains | openly | visible to everyone | anyone can read",
    ),
    (
        Published,
        "veröffentlicht* | öffentlich* | publié* | publique* | publicad* | publicó | público | pública | divulgad*",
    ),
    (Published, "公开 | 公開 | 发布 | 發佈 | 投稿 | 掲載 | 公布"),
    (
        OutInTheOpen,
        "out in the open | already public | publicly known | now public | made public | public knowledge | zero day | 0day",
    ),
    (
        OutInTheOpen,
        "0-day | is public now | full disclosure | publicly disclosed | went public | has gone public | bereits öffentlich",
    ),
    (
        OutInTheOpen,
        "öffentlich bekannt | déjà public* | ya es público | ya está publicad* | já é público | já foi publicad* | 已公开 | 已经公开 | すでに公開",
    ),
    (
        Venue,
        "issue | issues | pull request | tweet | tweets | twitter | mastodon | bluesky | thread | blog | blogpost | blog post",
    ),
    (
        Venue,
        "article | write-up | writeup | gist | exploit-db | exploitdb | forum | reddit | subreddit | hacker news | hackernews",
    ),
    (
        Venue,
        "talk | conference | mailing list | newsletter | oss-security | youtube | video | stack overflow | stackoverflow",
    ),
    (
        Venue,
        "q&a | slides | discord | slack channel | telegram | linkedin | medium post | medium article | paste | pastebin",
    ),
    (
        Venue,
        "public repo | public repository | metasploit | nuclei template | lobsters | preprint | arxiv | podcast | weibo",
    ),
    (
        Venue,
        "beitrag | artikel | vortrag | billet | hilo | foro | fórum | artículo | artigo | palestra | ponencia | 博客 | 论坛 | 微博 | ブログ | 記事 | 知乎",
    ),
    (
        Tracker,
        "issue tracker | public tracker | your issues | github issue | github issues | public issue | public pull request | in the tracker",
    ),
    (
        Tracker,
        "contrib tracker | bug tracker | discussions | public pr | open pr | issue in the | öffentliches issue | incidencia pública",
    ),
    (
        Exploited,
        "in the wild | being exploited | actively exploited | active exploitation | exploitation attempts | under attack",
    ),
    (
        Exploited,
        "attacks seen | mass scanning | honeypot* | exploited by | ongoing attack* | campaign | wird ausgenutzt | aktiv ausgenutzt",
    ),
    (
        Exploited,
        "exploité activement | explotad* activamente | siendo explotad* | sendo explorad* | 在野利用 | 悪用されて",
    ),
    (
        Secrecy,
        "private please | keep this private | keep it private | between us | confidential* | embargo* | not for distribution",
    ),
    (
        Secrecy,
        "first to be told | first to know | only my manager | coordinated disclosure | responsible disclosure | keep secret",
    ),
    (
        Secrecy,
        "first report | only you | nobody knows | nobody else knows | told anybody | told anyone | tell anyone | tlp amber",
    ),
    (
        Secrecy,
        "tlp red | tlp:red | tlp:amber | private channel | privately | vertraulich | confidentiel* | en privado | em privado | 保密 | 非公開 | 秘密",
    ),
    (
        Secrecy,
        "no third party | under wraps | stay private | not shared with | haven't shared | keep quiet | by private mail",
    ),
    (
        Tell,
        "told | tell | inform | informed | share | shared | disclose | disclosed | post | posted | publish | published | filed",
    ),
    (
        Tell,
        "contacted | notified | mentioned | announce* | said | talked | opened an issue | open issues | discuss | reported | public | publicly",
    ),
    (
        Tell,
        "veröffentlich* | informiert | weitergegeben | publié* | divulgué* | parlé | publicado | divulgado | compartid* | 公开 | 公開 | 透露 | 告诉 | 开示 | 話して",
    ),
    (
        Background,
        "documentation | docs | standard | rfc | specification | general | background | reference | tutorial | public endpoint",
    ),
    (
        Background,
        "public api | public key | public method* | public ip | public internet | public cloud | public function | public class",
    ),
    (
        Background,
        "public subnet | publicly accessible | publicly reachable | publicly exposed | public network | public interface | public address",
    ),
    (
        Background,
        "public static | public void | publicly available package | public registry | public registries | public health",
    ),
    (
        OtherSoftware,
        "import-in-the-middle | log4j | log4shell | dependency | upstream library | third party library | transitive",
    ),
    (
        OtherSoftware,
        "not yours | another product | another project | other project | other product | unrelated | similar bug | similar issue | openssl",
    ),
    (
        OtherSoftware,
        "competitor | sister project | same class | bug class | different product | abhängigkeit | dépendance | dependencia",
    ),
    (
        Weakness,
        "vulnerab* | exploit* | overflow* | injection | inject* | xss | ssrf | csrf | rce | xxe | bypass* | spoof* | tamper*",
    ),
    (
        Weakness,
        "path traversal | directory traversal | deserializ* | use after free | race condition | toctou | sanitiz* | sanitis*",
    ),
    (
        Weakness,
        "escalat* | privilege* | malicious | untrusted | unauthenticated | unauthorized | hijack* | poisoning | redos | smuggl*",
    ),
    (
        Weakness,
        "constant time | timing attack | timing side | side channel | out of bounds | heap | buffer | memory safety | corrupt*",
    ),
    (
        Weakness,
        "leaks | leaked | leaking | leak | exposes | exposed | exposing | in clear | cleartext | plain text | plaintext | password* | credential* | secret* | api key",
    ),
    (
        Weakness,
        "certificate is accepted | validation switched off | not verified | never compared | not checked | no check | insecure | weak hash",
    ),
    (
        Weakness,
        "world readable file | temp file | temporary director* | symlink* | arbitrary | code execution | command execution",
    ),
    (
        Weakness,
        "schwachstelle* | sicherheitslücke* | lücke | vulnérabilité* | faille* | vulnerabilidad* | vulnerabilidade* | falla de seguridad | fallo de seguridad | falha*",
    ),
    (Weakness, "漏洞 | 脆弱性 | 注入 | 越权 | 绕过 | 泄露 | 漏えい | 溢出"),
    (
        Availability,
        "denial of service | dos | crash* | panic* | oom | out of memory | outofmemory* | memory exhaustion | exhaust*",
    ),
    (
        Availability,
        "unbounded | unlimited | no limit | no size limit | no upper limit | hang* | infinite loop | endless | memory grows | grows the",
    ),
    (
        Availability,
        "killed | goes down | nil pointer | stack overflow | unresponsive | quota* | queue is full | resource consumption | starv*",
    ),
    (
        Availability,
        "fd leak | memory leak | never evicted | never closed | cardinality | absturz | stürzt | speicher | déni de service | plante",
    ),
    (
        Availability,
        "denegación de servicio | negação de serviço | memoria | 拒绝服务 | 崩溃 | 内存 | メモリ | クラッシュ | サービス拒否",
    ),
    (
        Attacker,
        "attacker* | adversar* | anyone can | anybody who | anyone who | remote user | any local user | local account | evil | hostile",
    ),
    (Attacker, "angreifer* | attaquant* | atacante* | 攻击者 | 攻撃者"),
    (
        Tested,
        "reproduc* | proof of concept | poc | steps to | i tested | tested | verified | confirmed on | curl | fuzz* | asan | valgrind",
    ),
    (
        Tested,
        "seen in | version | versions | affected | affects | getestet | reproduzier* | testé | probado | testei | reproduzi* | 复现 | 再現 | バージョン | 版本",
    ),
    (
        Flaw,
        "cwe | cvss | severity | advisory | cve | impact | remedy | mitigat* | workaround | sink | root cause | missing check",
    ),
    (
        Authenticated,
        "valid client certificate | valid certificate | authenticated client | authenticated user | authenticated tenant | authenticated sender",
    ),
    (
        Authenticated,
        "valid credentials | valid token | valid bearer | valid api key | valid mtls | certificate is valid | authorised client | authorized client",
    ),
    (
        Authenticated,
        "authorized user | trusted client | logged in client | legitimate client | legitimate tenant | with credentials | who holds a token | mtls client | authenticated attacker | authenticated peer",
    ),
    (
        Authenticated,
        "gültigem zertifikat | gültigen zertifikat | authentifizierte* client | client authentifié | cliente autenticado | 已认证 | 認証済み",
    ),
    (
        Operator,
        "edit the config | edits the config* | write access to the config* | control over the config* | can change the config* | modify the config*",
    ),
    (
        Operator,
        "root access | as root | administrator access | admin can | operator can | cluster admin | malicious config* | who can deploy | malicious administrator",
    ),
    (
        HowToReport,
        "how to report | how do i report | how can i report | where to report | where do i report | where should i | which address",
    ),
    (
        HowToReport,
        "right address | right place to report | correct address | who do i contact | whom do i contact | best way to report | want to report",
    ),
    (
        HowToReport,
        "report a vulnerability | submit a vulnerability | mail to this address | send a report | wie melde | wo melde | an wen | wie kann ich",
    ),
    (
        HowToReport,
        "comment signaler | où signaler | cómo reporto | cómo puedo reportar | dónde puedo | como reportar | como posso reportar | 如何报告 | 报告方式 | 報告する方法 | 報告先",
    ),
    (
        Policy,
        "disclosure policy | security policy | do you assign | assign cves | cves yourselves | usual timeline | response time | sla",
    ),
    (
        Policy,
        "bug bounty program | safe harbor | safe harbour | scope of | process for | vulnerability disclosure program | vdp | supported versions",
    ),
    (
        AskHelp,
        "how to | how do i | how can i | please help | can you tell me | is there a option | is there an option | do i have to | getting started",
    ),
    (
        AskHelp,
        "not arriving | nothing arrives | doesn't work | does not work | any idea* | is it safe | is it secure | is it dangerous | what am i doing wrong",
    ),
    (
        AskHelp,
        "can someone | could you explain | which version should | i followed the | tutorial | wie kann ich | comment faire | cómo puedo | como faço | ¿cómo | 请问 | 教えて",
    ),
    (
        AskAffected,
        "is affected by | are affected by | affected by cve* | impacted by cve* | are you affected | is opentelemetry affected | yes or no | auditor* | questionnaire",
    ),
    (
        AskAffected,
        "iso certification | compliance | our scanner | scanner reports | scanner shows | vex | sbom | trivy | snyk | false positive | when will you upgrade",
    ),
    (
        KeyMaterial,
        "public key | pgp key | gpg key | openpgp | openpgp key | encryption key | s/mime | smime | encryption certificate | certificate chain | pgp | gpg",
    ),
    (
        KeyMaterial,
        "fingerprint | your key | your certificate | key server | keyserver | key expired | expired key | öffentlichen schlüssel | pgp-schlüssel | schlüssel",
    ),
    (
        KeyMaterial,
        "clé publique | clé pgp | clave pública | clave pgp | chave pública | chave pgp | 公钥 | 公開鍵 | gateway holds | current certificate",
    ),
    (
        Request,
        "please send | send me | send us | provide | could you send | can you send | where can i find | need a new | need your | please | kindly",
    ),
    (
        Request,
        "would like to have | give me | looking for | do you have | bitte | schicken | s'il vous plaît | envoyez | pourriez | por favor | envíe* | enviar | 请 | お願い | ください",
    ),
    (
        Expired,
        "expired | out of date | outdated | no longer valid | revoked | abgelaufen | expiré* | caducad* | expirad* | vencid* | 过期 | 期限切れ",
    ),
    (
        Bounty,
        "bounty | bounties | reward* | paypal | compensation | payment | monetary | hall of fame | swag | how much do you pay | you pay | remuneration | recompensa",
    ),
    (
        Withheld,
        "will share the | will share full | will share more | share the full | after your confirmation | once you confirm | after confirmation | upon confirmation | details after",
    ),
    (
        Withheld,
        "before i disclose the details | let me know if you have | waiting for your positive | awaiting your | proceed further",
    ),
    (
        SiteHygiene,
        "spf | dmarc | dkim | clickjacking | x-frame-options | hsts | missing header | missing headers | security headers | mta-sts | dnssec",
    ),
    (
        SiteHygiene,
        "caa record | tls 1.0 | ssl labs | your domain | your website | your site | autocomplete | cookie flag* | cookie without | wp-login | xmlrpc",
    ),
    (
        SiteHygiene,
        "email spoofing | spoofed mail | forged mail | p=none | content-security-policy | server banner | directory listing | robots.txt",
    ),
    (
        Marketing,
        "seo | ranking | rank on | backlink* | link building | guest post | sponsored post | growth | outreach | webinar | da60 | domain authority | traffic to your",
    ),
    (
        Marketing,
        "15 minute call | quick call | schedule a call | demo call | our services | our agency | b2b | leads | web design | mobile app development | offshore",
    ),
    (
        Marketing,
        "unsubscribe | hear from me again | opt out | limited offer | discount | investment | loan | crypto | bitcoin | casino | lottery | inheritance | invoice attached",
    ),
    (
        Marketing,
        "attendee list | email list | contacts database | boost your | increase your sales | affiliate | press release distribution | penetration testing services",
    ),
    (
        Absence,
        "out of office | automatic reply | auto reply | automatische antwort | abwesenheit* | abwesend | réponse automatique | absence | respuesta automática",
    ),
    (
        Absence,
        "resposta automática | fuera de la oficina | fora do escritório | autoreply | auto-reply | accusé de réception | 自动回复 | 自動応答 | 不在",
    ),
    (
        Several,
        "two things | three things | two issues | three issues | two vulnerabilities | three vulnerabilities | two findings | three findings | several findings | two unrelated",
    ),
    (
        Several,
        "multiple vulnerabilities | several issues | several vulnerabilities | two bugs | three bugs | two problems | three problems | different repositories | two separate | both findings",
    ),
    (
        Several,
        "two cases | zwei schwachstellen | deux failles | deux vulnérabilités | dos vulnerabilidades | duas vulnerabilidades | dos problemas | dois problemas | 两个 | 二つ | 2つ",
    ),
    (
        Fix,
        "patch | fixes it | suggested fix | remedy | pull request against a private fork | would be enough | limitreader | defer",
    ),
    (
        Procedure,
        "procedure | thesis | no details | no details in this mail | before i spend | sufficient if | timeline from | do you handle | via github | in english",
    ),
];

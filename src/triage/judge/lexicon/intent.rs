//! Words about what people want who do not report.

use super::Concept::{
    self, Absence, Account, AskAffected, AskHelp, Audit, Bounty, Expired, HowToReport, KeyMaterial, Marketing, Policy,
    Pressure, Procedure, Request, SiteHygiene, Withheld,
};

pub(super) const PHRASES: &[(Concept, &str)] = &[
    (
        HowToReport,
        "how to report | how do i report | how do we report | how can i report | how can we report | how should i report
         where to report | where do i report | where can i report | where should i report | where should i send
         which address | right address | right place to report | correct address | who do i contact | whom do i contact
         who should i contact | best way to report | how to submit a vulnerability | mail to this address
         how should researchers | accept reports by | how are vulnerabilities reported
         security contact | who handles security | without a github account | no github account | have no github | don't have a github
         don't have github | preferred way to report | where can we send | how to send you | how do i send | how can i send
         how do i tell you | how should i send | how would i report | right channel | official channel | official contact
         wie melde | wo melde | wem melde | wie kann ich das melden | wo kann ich das melden | wie reiche ich | meldestelle | kein github
         comment vous signaler | comment transmettre | à qui écrire | pas de compte github | où envoyer
         cómo informo | cómo lo informo | dónde informo | cómo aviso | cómo les aviso | a quién informo | puedo cifrar | no tengo cuenta de github
         como informo | onde informo | como aviso | a quem reporto | não tenho conta no github | posso cifrar | come segnalo | come posso segnalare | come segnalare
         没有 github | 报告给谁 | 怎么提交 | 向谁报告 | どこへ報告 | 窓口 | アカウントがない an wen | wie kann ich eine | welche adresse | meldeweg* | wohin soll | wohin kann
         comment signaler | où signaler | comment rapporter | à qui signaler | à quelle adresse
         cómo reporto | cómo puedo reportar | cómo reportar | dónde puedo reportar | dónde reportar | a qué dirección
         como reportar | como posso reportar | como reporto | onde posso reportar | onde reportar | para qual endereço
         如何报告 | 怎么报告 | 如何提交 | 报告方式 | 在哪里报告 | 報告する方法 | 報告方法 | 報告先 | どこに報告",
    ),
    (
        Policy,
        "disclosure policy | security policy | do you assign | assign cves | cves yourselves | usual timeline
         response time | bug bounty program | safe harbor | safe harbour | vulnerability disclosure program | vdp
         how many reports | usual time to a fix | supported versions | process for | which versions get | which versions receive
         for which versions | versions are supported | versions do you support | versions still | get security fixes | receive security fixes
         security fixes for | security updates for | backport fixes | do you backport | how long do you support | end of life
         where do you announce | announce security | publish advisories | do you publish security | advance notice | pre-notification
         welche versionen | sicherheitskorrekturen | sicherheitsupdates | wo wird das angekündigt | wie lange werden | unterstützte versionen
         quelles versions | versions sont maintenues | correctifs de sécurité | qué versiones | versiones reciben | parches de seguridad
         quais versões | versões recebem | correções de segurança | 哪些版本 | 支持周期 | どのバージョン | サポート期間 | セキュリティ修正",
    ),
    (
        AskHelp,
        "how do i | how can i | how do we | how can we | would like to know how | recommended configuration | please help | can you tell me | is there a option | is there an option | do i have to
         getting started | not arriving | nothing arrives | doesn't work | does not work | any idea* | is it safe
         is it secure | is it dangerous | what am i doing wrong | what do i do wrong | can someone | could you explain
         which version should | i followed the | wie kann ich | wie konfiguriere | comment faire | comment configurer
         quick question | quick one | should we put | should i put | if this is the wrong | is this the wrong
         can someone help | can anybody help | could someone help | not visible | no traces in | missing after | are missing | stopped arriving
         don't see any | do not see any | can't see any | i see no | no data in | no spans | why do i | why does my | how to configure | how to set up
         is it normal | what is the right way | which setting | is it the | did i miss | do i miss | do i need
         funktioniert nicht | kommt nicht an | kommen nicht an | warum | woran kann | kann mir jemand | hilfe bei | ne fonctionne pas | ne marche pas
         pourquoi | pouvez-vous m'aider | n'arrivent pas | no funciona | no llegan | por qué | alguien me puede | não funciona | não chegam
         por que não | alguém pode | 收不到 | 不显示 | 如何设置 | 怎么用 | 怎么办 | 表示されません | 届きません | 使い方 | 設定方法
         cómo puedo | cómo configuro | como faço | como configuro | 请问 | 怎么配置 | 如何配置 | 教えて | どうすれば",
    ),
    (
        AskAffected,
        "is affected by cve* | are affected by cve* | affected by cve* | impacted by cve* | are you affected
         is opentelemetry affected | you are affected | your product is affected | your products are affected
         is your product affected | are your products affected | if opentelemetry is affected | whether your product
         yes or no | yes/no | von cve* betroffen | concerné par cve* | affecté par cve* | afectado por cve* | afetado por cve*
         是否受 | 影響を受けますか",
    ),
    (
        Audit,
        "questionnaire | iso certification | compliance | our scanner | scanner reports | scanner shows | vex | sbom | trivy
         falso positivo | faux positif | falscher alarm | fehlalarm | falsch positiv | 误报 | 誤検知
         snyk | false positive | when will you upgrade | auditor* | vendor assessment",
    ),
    (
        KeyMaterial,
        "public key | pgp key | gpg key | openpgp | openpgp key | encryption key | s/mime | smime | encryption certificate
         certificate chain | pgp | gpg | fingerprint | your key | your certificate | key server | keyserver | key expired
         expired key | gateway holds | current certificate | working key
         öffentlichen schlüssel | pgp-schlüssel | schlüssel | clé publique | clé pgp | clave pública | clave pgp
         chave pública | chave pgp | 公钥 | 公開鍵",
    ),
    (
        Request,
        "please send | send me | send us | provide | could you send | can you send | where can i find | need a new
         need your | can i get your | could i get your | may i have your | can i have your | what's your | please | kindly | would like to have | give me | looking for | do you have | what is your
         bitte | schicken | s'il vous plaît | envoyez | pourriez | pouvez-vous m | por favor | envíe* | enviar | me pueden
         poderiam | podem me | 请 | お願い | ください",
    ),
    (
        Expired,
        "expired | ran out | has run out | lapsed | out of date | outdated | no longer valid | revoked | abgelaufen | expiré* | caducad* | expirad* | vencid*
         过期 | 期限切れ",
    ),
    (
        Bounty,
        "bounty | bounties | reward* | paypal | compensation | payment | monetary | hall of fame | swag
         how much do you pay | you pay | remuneration | recompensa | belohnung | récompense | recompensa financeira | 赏金 | 奖金 | 報奨金",
    ),
    (
        Withheld,
        "will share the | will share full | will share more | share the full | after your confirmation | once you confirm
         after confirmation | upon confirmation | details after | before i disclose the details | i send all details
         let me know if you have | waiting for your positive | awaiting your | proceed further | then i send | then i will send
         kindly confirm | please confirm if you",
    ),
    (
        SiteHygiene,
        "spf | dmarc | dkim | bimi | subdomain takeover | password policy | rate limit on login | brute force login | no captcha | captcha
         referrer-policy | permissions-policy | strict-transport-security | cookie flags | httponly flag | missing spf | version disclosure clickjacking | x-frame-options | hsts | missing header | missing headers | security headers
         mta-sts | dnssec | caa record | tls 1.0 | ssl labs | autocomplete | cookie flag* | cookie without | wp-login
         xmlrpc | email spoofing | spoofed mail | forged mail | p=none | content-security-policy | server banner
         directory listing | robots.txt",
    ),
    (
        Marketing,
        "seo | ranking | rank on | backlink* | link building | guest post | guest posts | sponsored post | growth | outreach
         webinar | da60 | domain authority | traffic to your | 15 minute call | quick call | schedule a call | demo call
         our services | our agency | b2b | leads | web design | mobile app development | offshore | unsubscribe
         hear from me again | opt out | limited offer | discount | investment | loan | crypto | bitcoin | casino
         lottery | inheritance | invoice attached | attendee list | email list | contacts database | boost your
         increase your sales | affiliate | press release distribution | penetration testing services | next of kin
         beneficiary | bank details | transfer the funds | decision makers | sponsorship | booths | exhibit at | a donation of | have been selected | congratulations | free consultation | to claim
         manufacturer | purchasing manager | procurement manager | moq | best price | best prices | price list | quotation | our factory
         our products | supplier | wholesale | catalogue | free sample | free samples | 100 pcs | sourcing | oem | shipment | act now | sign up now
         grow your | increase your | your website | your business | special offer | exclusive offer | no obligation | work with brands | your brand
         collaboration opportunit* | partnership opportunit* | cooperation opportunit* | ai powered solution | book a call | hop on a call
         quick chat | reply no | reply stop | winner | claim your | wire transfer | atm card | million dollars | million usd | million euro*
         page 1 | page one of google | your sales team | hiring needs | dedicated developers | price list
         发票 | 代开 | 优惠 | 税点 | 推广 | 加微信 | 贷款 | 営業 | 無料相談 | 集客
         werbung | rabatt | unverbindliches angebot | kredit | offre commerciale | référencement | oferta exclusiva | préstamo
         скидк* | наша компания | отдел продаж | после оплаты | в подарок | коммерческ* предложени* | звоните | по выгодной цене
         продвижение сайт* | тестирование на проникновение | вашего сайта",
    ),
    (
        Account,
        "your mailbox | mailbox is | mailbox storage | mailbox quota | storage quota | pending messages | undelivered messages
         your email account | your e-mail account | your webmail | your e-mail service | our e-mail service | domain holder | brand name
         registration centre | registration center | domain registration | internet names | your parcel
         ihr postfach | ihr konto | ihr e-mail-konto | votre boîte | votre compte | votre messagerie | su buzón | su cuenta
         sua caixa de | sua conta | ваш почтовый ящик | ваша учетная запись | 您的邮箱 | 您的账户 | 域名注册 | お客様のアカウント",
    ),
    (
        Pressure,
        "deactivation | will be deactivated | will be suspended | will be closed | will be blocked | will be deleted | will be terminated
         validate your | verify your | confirm your account | release messages | final notice | last notice | last reminder
         applied to register | applying to register | reserve the domain* | register your brand | wird gesperrt | gesperrt werden
         wird deaktiviert | bestätigen sie ihr* | sera suspendu* | sera désactivé* | validez votre | vérifiez votre
         será suspendid* | será desactivad* | verifique su | valide su | será suspens* | será desativad* | verifique sua | valide sua
         будет заблокирован* | будет удален* | подтвердите | 将被停用 | 将被关闭 | 验证您的 | 申请注册 | 停止されます",
    ),
    (
        Absence,
        "out of office | automatic reply | auto reply | automatische antwort | abwesenheit* | abwesend
         réponse automatique | absence | respuesta automática | resposta automática | fuera de la oficina
         fora do escritório | autoreply | auto-reply | accusé de réception | 自动回复 | 自動応答 | 不在",
    ),
    (
        Procedure,
        "procedure | thesis | no details | no details in this mail | before i spend | sufficient if | timeline from
         do you handle | via github | in english | no vulnerability here | no vulnerability to report | have nothing to report
         no report attached | this is not a report | not a report of | nothing to report yet | ist keine meldung | pas un signalement | no es un informe
         não é um relatório | 不是漏洞报告 | 報告ではありません | process question | process questions
         keine schwachstelle zu melden | schwachstelle haben wir nicht | keine lücke zu melden | rien à signaler | nada que reportar
         nada a reportar | niente da segnalare",
    ),
];

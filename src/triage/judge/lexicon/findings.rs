//! Words that reports are made of.

use super::Concept::{
    self, Attacker, Authenticated, Availability, Configuration, Editing, Fix, Flaw, Operator, Outsider, Sensitive,
    Several, Tested, Vulnerability, Weakness,
};

/// Numbers and what is counted with them where a report has several findings, by language; each number with each thing.
pub(super) const COUNTED: &[(&str, &str)] = &[
    (
        "two | three | four | five | six | 2 | 3 | 4 | 5 | 6 | several | multiple",
        "findings | issues | vulnerabilities | bugs | flaws | weaknesses | defects | items | sdks | repositories | repos
         of the sdks | of your sdks | of your repositories | separate findings | separate issues | different issues
         independent issues | independent findings | unrelated issues | unrelated findings",
    ),
    (
        "zwei | drei | vier | fünf | mehrere",
        "schwachstellen | lücken | sicherheitslücken | befunde | fehler | probleme | sdks | repositories | repositorys",
    ),
    ("deux | trois | quatre | plusieurs", "failles | vulnérabilités | constats | bogues | défauts | dépôts | problèmes"),
    ("dos | tres | cuatro | varios | varias", "vulnerabilidades | fallos | hallazgos | problemas | repositorios"),
    ("dois | duas | três | quatro | vários | várias", "vulnerabilidades | falhas | achados | problemas | repositórios"),
    ("due | tre | quattro", "vulnerabilità | falle | problemi | repository"),
];

pub(super) const PHRASES: &[(Concept, &str)] = &[
    (
        Vulnerability,
        "vulnerab* | exploit* | security issue | security bug | security hole | security flaw | security problem
         security weakness | schwachstelle* | sicherheitslücke* | lücke | vulnérabilité* | faille* | vulnerabilidad*
         falla de seguridad | fallo de seguridad | falha* | уязвимост* | 漏洞 | 脆弱性",
    ),
    (
        Weakness,
        "overflow* | underflow | injection* | inject* | xss | ssrf | csrf | rce | xxe | sqli | idor | bypass* | spoof*
         tamper* | traversal | path traversal | directory traversal | deserializ* | deserialis* | unserialize | use after free
         double free | race condition | toctou | sanitiz* | sanitis* | escalat* | privilege* | malicious | untrusted
         unauthenticated | unauthorized | unauthorised | hijack* | poisoning | redos | quadratic | smuggl* | impersonat*
         constant time | timing attack | timing side | side channel | out of bounds | out-of-bounds | memory safety
         prototype pollution | code execution | command execution | remote code | arbitrary | backdoor* | forge*
         leaks | leaked | leaking | leak | exposes | exposing | in clear | cleartext | clear text | plaintext
         certificate is accepted | any certificate | validation switched off | not verified | never compared | not checked
         no check | insecure | weak hash | not escaped | unescaped | not redacted | not stripped | readable by
         world readable | world-readable | temp file | temporary director* | symlink* | man in the middle | mitm
         information disclosure | without authentication | without authorization | without a token | no authentication
         no auth | without a password | without password | without login | without a login | w/o login | w/o auth | root shell
         got root | other tenants | other tenant | other people's | auth bypass | hard coded | hardcoded | supply chain | typosquat* | dependency confusion
         fremden code | code ausführ* | einschleus* | umgeh* | ausles* | rechteausweitung | ungeprüft | deserialisier*
         pfadausbruch | mitles* | klartext | abgreif* | manipulier*
         contourn* | exécution de code | fuite de | fuite d' | élévation | usurp* | en clair | non vérifié*
         inyecci* | ejecución de código | ejecutar código | fuga de | escalada de | suplant* | eludir | texto plano
         injeção | execução de código | vazamento | vaza | escalonamento | contornar | texto claro
         обход* | обойти | утечк* | внедрени* | выполнени* кода | выполнить код | переполнени* | без авторизации | без аутентификации
         произвольн* | подделать | подделк* | 注入 | 越权 | 绕过 | 泄露 | 泄漏 | 溢出 | 任意代码 | 任意文件 | 代码执行 | 命令执行 | 提权 | 伪造 | 未授权 | 越界
         漏えい | 漏洩 | インジェクション | 任意の | 改ざん | 不正な | 権限昇格 | なりすまし | 回避 | 乗っ取り | 平文",
    ),
    (
        Sensitive,
        "password* | credential* | secret* | api key | api keys | token | tokens | bearer | heap | buffer | corrupt* | exposed
         another customer | other customers | another tenant | other tenants | another user's | other users' | somebody else's
         someone else's | other people's | another company | other companies | strangers' | bank card | credit card
         anderer kunden | anderen kunden | anderer mandanten | anderen mandanten | anderer leute | fremde daten
         autres clients | autre client | données d'autrui | otros clientes | otro cliente | outros clientes | outro cliente
         altri clienti | altro cliente | andere klanten | innych klientów | других клиентов | чужие данные | diğer müşteri*
         başka müşteri* | 别人的 | 其他客户 | 其他用户的 | 他の利用者 | 他の顧客 | 他人の | 다른 고객 | 다른 사용자
         passwort* | kennwort* | zugangsdaten | mot de passe | mots de passe | contraseña* | senha* | credenciales
         credenciais | 密码 | 凭据 | 令牌 | パスワード | 認証情報 | トークン",
    ),
    (
        Availability,
        "denial of service | dos | ddos | crash* | panic* | oom | out of memory | outofmemory* | memory exhaustion | exhaust*
         unbounded | no limit | no size limit | no upper limit | without a limit | hang* | infinite loop | endless
         memory grows | grows the | grows without | goes down | nil pointer | stack overflow | unresponsive
         resource consumption | starv* | event loop | fd leak | memory leak | never evicted | never closed | cardinality
         segfault* | segmentation fault | zip bomb | zstd bomb | gzip bomb | decompression bomb | loop for ever | loop forever
         100% cpu | cpu spin* | pins a core | queue is full | dienstverweigerung | dienstblockade | absturz | abstürz* | stürzt
         overload* | overwhelm* | flood* | fills the queue | fill the queue | queue is full | gets 503 | get 503 | answers 503 | eats all memory
         eats the memory | uses all memory | bring down | brings down | takes down | take down | knocks over | falls over | noisy neighbour
         noisy neighbor | überlast* | lahmleg* | endlosschleife | volllaufen | surcharg* | satur* | sobrecarg* | tumbar | 过载 | 撑爆 | 打满 | 過負荷
         déni de service | plante | planter | boucle infinie | épuise*
         denegación de servicio | colgar | cuelga | bucle infinito | agota*
         negação de serviço | derrub* | travar | trava | laço infinito | esgota*
         отказ* в обслуживании | падает | аварийно | зависает | исчерпани* | 拒绝服务 | 崩溃 | 内存耗尽 | 内存溢出 | 死循环 | cpu 占用 | 卡死 | クラッシュ | サービス拒否 | サービス妨害 | メモリ枯渇 | 無限ループ | 停止します",
    ),
    (
        Attacker,
        "attacker* | adversar* | anyone can | anybody can | anybody who | anyone who | whoever | remote user | any local user
         local account | evil | hostile | any client | every operator who | someone who sends | neighbour can | any user
         angreifer* | attaquant* | atacante* | cualquiera que | qualquer um que | злоумышленник* | атакующ* | 攻击者 | 黑客 | 攻撃者 | 第三者が",
    ),
    (
        Tested,
        "reproduc* | proof of concept | poc | steps to | i tested | tested | verified | confirmed on | curl | fuzz* | asan
         valgrind | seen in | version | versions | affected | affects | getestet | reproduzier* | nachgestellt | testé
         reproduit | probado | comprobado | testei | reproduzi* | 复现 | 重现 | 再現 | バージョン | 版本",
    ),
    (
        Flaw,
        "cwe | cvss | severity | advisory | cve | impact | remedy | mitigat* | workaround | sink | root cause | missing check",
    ),
    (
        Authenticated,
        "valid client certificate | valid certificate | authenticated client | authenticated user | authenticated tenant
         authenticated sender | valid credentials | valid token | valid bearer | valid api key | valid mtls
         certificate is valid | authorised client | authorized client | authorized user | trusted client
         logged in client | legitimate client | legitimate tenant | with credentials | who holds a token | mtls client
         authenticated attacker | authenticated peer | passed mtls | passes mtls | passed authentication | passes authentication
         issued a certificate | issued the certificate | issued a token | certificate we issued | certificate that we issued | token we issued
         token that we issued | certificate of ours | has a certificate | holds a certificate | holds a valid | has a valid | having a valid
         with a valid | using a valid | using valid | presents a valid | own valid | properly authenticated | fully authenticated
         successfully authenticated | who authenticates | that authenticates | logged-in | per authenticated | each authenticated
         tenant with a | customer with a | paying customer | legitimate user | legitimate customer | permitted client | onboarded
         mit gültigem | mit gültiger | gültiges token | angemeldeter | angemeldete | authentifiziert* | certificat valide | jeton valide
         authentifié* | certificado válido | token válido | credenciales válidas | autenticad* | credenciais válidas | 有效证书 | 有效的证书
         有效令牌 | 经过认证 | 通过认证 | 有効な証明書 | 有効なトークン | 認証された | 正規のクライアント | gültigem zertifikat | gültigen zertifikat
         authentifizierte* client | client authentifié | cliente autenticado | 已认证 | 認証済み",
    ),
    (
        Operator,
        "who can deploy | malicious config* | malicious administrator | malicious operator | cluster admin | operator can
         admin can | administrator can | who configures the | controls the config* | control over the config* | bösartige konfiguration",
    ),
    (
        Configuration,
        "config | configs | configuration | config.yaml | collector.yaml | yaml | konfiguration | konfigurationsdatei
         configuración | configuração | fichier de config* | 配置 | 配置文件 | 設定ファイル | 設定",
    ),
    (
        Editing,
        "can edit | edits | may edit | able to edit | allowed to edit | can change | changes | may change | allowed to change
         can modify | modifies | may modify | able to modify | can write | write access | can alter | alters | can supply
         who writes | can set | who sets | who controls | has control | can push | who configures | who deploys | permission to edit
         permission to change | rights to edit | bearbeiten | ändern kann | ändern darf | schreibrechte | schreibzugriff | verändert
         modifier | peut éditer | editar | modificar | modifique | puede cambiar | alterar | 修改 | 编辑 | 能改 | 編集 | 変更でき | 書き換え",
    ),
    (
        Outsider,
        "unauthenticated | unprivileged | low-privileged | low privileged | without authentication | without credentials
         without a token | without a certificate any | no authentication | any local user | local account | remote attacker | over the network
         from the network | from remote | nicht authentifiziert* | non authentifié* | sin autenticación | sem autenticação | 未认证 | 未授权 | 認証なし",
    ),
    (
        Several,
        "two things | three things | two issues | three issues | two vulnerabilities | three vulnerabilities | two findings
         three findings | several findings | two unrelated | multiple vulnerabilities | several issues | 2 issues
         several vulnerabilities | two bugs | three bugs | two problems | three problems | different repositories
         two separate | both findings | two cases | 2 findings | 2 vulnerabilities | 3 findings | 3 issues
         two weaknesses | two flaws | second finding | second issue | second vulnerability | independent of each other
         two of your | three of your | two repositories | three repositories | both repositories | several repositories | both sdks
         two sdks | two languages | both languages | same mistake in | same flaw in | same bug in two | affects both | two packages of
         zwei repositories | beide repositories | zwei eurer | zwei ihrer | deux dépôts | deux de vos | dos repositorios | dos de sus
         dois repositórios | 两个仓库 | 两个项目 | 二つのリポジトリ | 2つのリポジトリ
         zwei schwachstellen | zwei lücken | deux failles | deux vulnérabilités | dos vulnerabilidades | dos fallos
         duas vulnerabilidades | duas falhas | dos problemas | dois problemas | 两个 | 二つ | 2つ | 2件",
    ),
    (
        Fix,
        "patch | fixes it | suggested fix | remedy | pull request against a private fork | would be enough | would do
         limitreader | defer | should be loopback | should be rejected",
    ),
];

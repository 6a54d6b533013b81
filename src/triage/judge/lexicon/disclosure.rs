//! Words about who knows.

use super::Concept::{
    self, Background, Exploited, Future, Negation, OtherSoftware, OutInTheOpen, Over, Published, Revealed, Secrecy,
    Somebody, Tell, Tracker, Unanswered, Venue,
};

pub(super) const PHRASES: &[(Concept, &str)] = &[
    (
        Negation,
        "not | no | never | nobody | none | without | neither | nothing | cannot | nor | hasn't | unaware | un-announced
         nicht | kein* | niemand* | nie | noch nicht | nirgends | ohne
         ne | n'est | n'a | n'ai | n'en | n'y | pas | aucun* | jamais | personne | sans | rien | ni
         nunca | nadie | ningun* | ningún | sin | nada | tampoco
         não | nenhum* | ninguém | sem | nem
         没有 | 尚未 | 未 | 不 | 从未 | 没
         ない | ません | せず | いません | なし",
    ),
    (
        Future,
        "will | shall | going to | plan | plans | planned | planning | intend* | would like to publish | aim to | once
         before we publish | before i publish | until | may publish | might publish | want to publish | after a fix | i'll
         we'll | upcoming | scheduled | as soon as | if we | unless | after the fix | when a fix | after you release
         werde | werden | wollen | geplant | beabsichtig* | sobald | bis zum | frühestens
         allons | vais | prévu* | prévoyons | avant de publier | dans 90 jours | après la correction | comptons
         vamos a | voy a | planeamos | publicaremos | publicaré | pienso | hasta que | dentro de
         pretendo | pretendemos | planejamos | publicarei | vou publicar | daqui a | assim que
         将 | 计划 | 打算 | 之后再 | 天后 | 以后
         予定 | つもり | 後に公開 | 日後",
    ),
    (
        Published,
        "showing how | shows how | with code to | since this morning | since yesterday | public | publicly | published | posted | posts | disclosed publicly | leaked | tweeted | circulat* | going round
         went live | is live | is online | are online | already online | world readable | shared openly | picked up by
         boosts | tweeted | retweet* | reposted | upvote* | went up | is up | put up | dropped on | dropped | filed | opened
         landed on | shown at | shown in | presented at | presented | uploaded | discussed | describes | described
         openly | visible to everyone | anyone can read | merged | explained
         walks through | has details | full details | with steps | my post | appeared | showed up
         on my site | on my web site | on our site | put my | put our
         veröffentlicht* | öffentlich* | beschrieben | gepostet | frei lesbar | frei zugänglich | erschienen | steht seit
         vorgestellt | online gestellt | eingestellt
         publié* | publique* | en ligne | diffusé* | posté* | paru* | présenté* | décrit
         publicad* | publicó | público | pública | divulgad* | subió | subido | explic* | enseña | muestra | presentó
         publicou | postou | explica | mostra | apresentou | no ar | está circulando | compartilh*
         公开 | 公開 | 发布 | 發佈 | 投稿 | 掲載 | 公布 | 发表 | 贴出 | 上传 | 曝光 | 发了 | 紹介され | 公開され | 発表",
    ),
    (
        Somebody,
        "somebody | someone | a researcher | another researcher | researchers | a speaker | a blogger | a youtuber
         a student | a user | another user | a third party | some people | other people | people are | they are | a company
         a security firm | a vendor | a journalist | a customer | a customer of mine | a customer of ours | a contributor
         jemand | ein forscher | eine forscherin | leute | ein kunde | quelqu'un | un chercheur | des gens | un client a
         alguien | un investigador | una persona | alguém | um pesquisador | uma pessoa | 有人 | 某人 | 网友 | 研究人员 | 誰か | 研究者 | 第三者",
    ),
    (
        Revealed,
        "published | posted | released | tweeted | demonstrated | presented | disclosed | showed | described | discussed
         discussing | leaked | uploaded | shared | wrote about | wrote up | blogged | opened a pull request
         opened an issue | filed an issue | submitted a pull request | put online | streamed | sells | selling | is sharing
         veröffentlicht | gepostet | vorgeführt | gezeigt | beschrieben | hochgeladen | geteilt
         a publié | a posté | a montré | a partagé | a décrit | publicó | ha publicado | mostró | subió | compartió | describió
         publicou | postou | mostrou | compartilhou | descreveu | 发布 | 公开 | 发表 | 演示 | 贴出 | 分享 | 公開 | 投稿 | 発表 | 紹介",
    ),
    (
        Over,
        "ended | is over | has expired | expired | lapsed | lifted | elapsed | has passed | are over | abgelaufen | vorbei
         levé | terminé | terminó | venció | terminou | venceu | 到期 | 结束 | 終了 | 過ぎ",
    ),
    (
        OutInTheOpen,
        "out in the open | already public | publicly known | now public | made public | public knowledge
         went to a public list | already shared | seen on the fediverse | is public now | is public since | is public for | has published a working exploit | full disclosure | fulldisclosure | publicly disclosed | went public | has gone public
         known by now | everyone can see | everybody can see | anyone can see it | for all to see | no longer secret
         cat is out of the bag | public exploit | exploit is public | public poc | public proof of concept
         someone has a working exploit | somebody has a working exploit | exploit code is available | exploit available
         exploit for sale | exploit is sold | visible to all | went out to | recording is online
         bereits öffentlich | schon öffentlich | öffentlich bekannt | frei lesbar | öffentlich einsehbar
         déjà public* | déjà publique* | exploit publié | publiquement connu* | rendu* public* | rendue publique | déjà en ligne
         ya es público | ya está publicad* | ya es pública | ya son públicos | exploit público
         já é público | já foi publicad* | já está público | já é pública | já está no ar | exploit público
         已公开 | 已经公开 | 已被公开 | 公开披露了 | すでに公開 | 既に公開 | 公開されています | 公開されました | 公開済み",
    ),
    (
        Venue,
        "thread on x | post on x | fediverse | tweet | tweets | tweeted | twitter | mastodon | bluesky | reddit thread | blog | blogpost
         blog post | article | write-up | writeup | gist | exploit-db | exploitdb | forum | reddit | subreddit
         hacker news | hackernews | talk | conference | mailing list | newsletter | oss-security | oss-sec | youtube
         video | stack overflow | stackoverflow | q&a | slides | discord | slack channel | telegram | linkedin
         medium post | medium article | paste | pastebin | public repo | public repository | metasploit | nuclei
         nuclei template | lobsters | lobste.rs | preprint | arxiv | podcast | weibo | bugtraq | packet storm
         packetstorm | my site | my website | livestream | meetup | full-disclosure list | on github | on gitlab | advisory database | social media | the web | the internet archive
         beitrag | artikel | vortrag | entwicklerforum | blogbeitrag | blogartikel | heise
         billet | forum public | conférence | vidéo
         hilo | foro | artículo | ponencia | vídeo | charla
         fórum | artigo | palestra | postagem
         博客 | 论坛 | 微博 | 知乎 | 公众号 | 推特 | 视频 | 文章
         ブログ | 記事 | ツイート | 動画 | 勉強会 | 掲示板 | スライド | qiita | zenn",
    ),
    (
        Tracker,
        "issue tracker | public tracker | your issues | github issue | github issues | public issue | public pull request
         in the tracker | contrib tracker | bug tracker | discussions | public pr | open pr | issue in the | open issue | opened an issue | filed an issue | created an issue
         raised an issue | as an issue | as an ordinary bug | as a normal bug | as a regular issue
         öffentliches issue | issue auf github | incidencia pública | issue público | issue publique | issue pública
         公开的 issue | 公開イシュー",
    ),
    (
        Exploited,
        "in the wild | being exploited | actively exploited | active exploitation | exploitation attempts | under attack
         attacks seen | mass scanning | honeypot* | ongoing attack* | being abused | abused since | and uses it
         our sensors | uses it already | being used against | has been used against | was used against | were attacked
         got attacked | we were hit | saw attacks | see attacks | attempts in our logs | exploiting this | exploiting it
         wird ausgenutzt | aktiv ausgenutzt | bereits ausgenutzt | werden angegriffen | exploité activement
         est exploitée | est exploité | exploitée dans la nature | explotad* activamente | siendo explotad* | está siendo
         sendo explorad* | explorada ativamente | 在野利用 | 正在被利用 | 已被利用 | 被利用攻击 | 悪用されて | 悪用が確認 | 攻撃を観測",
    ),
    (
        Secrecy,
        "private please | keep this private | keep it private | between us | confidential* | embargo* | not for distribution
         first to be told | first to know | only my manager | coordinated disclosure | responsible disclosure | keep secret
         first report | only you | nobody knows | nobody else knows | told anybody | told anyone | tell anyone | tlp amber
         tlp red | tlp:red | tlp:amber | private channel | privately | private so far | no third party | under wraps
         stay private | not shared with | haven't shared | keep quiet | by private mail | not public | told nobody
         not disclosed | undisclosed | unpublished | not been published | non-public
         vertraulich | noch nicht veröffentlicht | nicht öffentlich | confidentiel* | pas encore public | en privado
         confidencial* | em privado | em sigilo | 保密 | 尚未公开 | 未公开 | 没有公开 | 非公開 | 未公開 | 秘密 | 公開していません",
    ),
    (
        Tell,
        "told | tell | inform | informed | share | shared | disclose | disclosed | post | posted | publish | published
         filed | announce* | opened an issue | open issues | discuss | public | publicly | speak about | spoke about
         talked about | mentioned it | written about
         veröffentlich* | informiert | weitergegeben | mitgeteilt | erzählt | gesprochen
         publié* | divulgué* | parlé | communiqué | partagé | publicado | divulgado | compartid* | contado | hablado
         divulguei | publiquei | contei | falei | compartilhei
         公开 | 公開 | 透露 | 告诉 | 发布 | 开示 | 話して | 発表 | 公表",
    ),
    (
        Unanswered,
        "did not answer | didn't answer | no answer | never answered | did not respond | no response | did not reply
         vendor was not told | vendor not told | vendor was not informed | vendor was not contacted | maintainers were not told
         keine antwort | sans réponse | sin respuesta | sem resposta | 没有回复 | 返事がない",
    ),
    (
        Background,
        "documentation | docs | standard | rfc | specification | general | background | reference | public endpoint
         public api | public key | public method* | public ip | public internet | public cloud | public function
         public class | public subnet | publicly accessible | publicly reachable | publicly exposed | public network
         public interface | public address | public static | public void | publicly available package
         public registry | public registries | public health | dokumentation | documentación | documentação | 文档 | ドキュメント",
    ),
    (
        OtherSoftware,
        "import-in-the-middle | log4j | log4shell | dependency | upstream library | third party library | transitive
         not yours | another product | another project | other project | other product | unrelated | similar bug
         similar issue | openssl | competitor | sister project | same class | bug class | different product | similar to
         similar one | a related cve | same kind of bug | inspired by | like the one in | analogous
         abhängigkeit | ähnlich* | anderes produkt | dépendance | autre produit | similaire | dependencia | otro producto
         parecid* | outro produto | semelhante | 类似 | 其他产品 | 类似的漏洞 | 同様の | 他の製品",
    ),
];

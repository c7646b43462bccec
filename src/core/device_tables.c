/* SPDX-License-Identifier: Apache-2.0 */
#include "core/device_tables.h"

#include <stddef.h>

#define BOT      MS_DEVICE_BOT
#define COMMAND  MS_DEVICE_COMMAND_LINE
#define COMPUTER MS_DEVICE_COMPUTER
#define PHONE    MS_DEVICE_PHONE
#define TABLET   MS_DEVICE_TABLET
#define TV       MS_DEVICE_TV
#define CONSOLE  MS_DEVICE_CONSOLE
#define WATCH    MS_DEVICE_WATCH
#define CAR      MS_DEVICE_CAR
#define HEADSET  MS_DEVICE_HEADSET
#define ANY      MS_DEVICE_UNKNOWN

/* Bots name a browser too. */
const ms_device_rule ms_device_tables_bots[] = {
    {"Googlebot", "Googlebot", "Googlebot/", BOT},
    {"Google-InspectionTool", "Google-InspectionTool", NULL, BOT},
    {"bingbot", "Bingbot", "bingbot/", BOT},
    {"DuckDuckBot", "DuckDuckBot", "DuckDuckBot/", BOT},
    {"YandexBot", "YandexBot", "YandexBot/", BOT},
    {"Baiduspider", "Baiduspider", "Baiduspider/", BOT},
    {"Applebot", "Applebot", "Applebot/", BOT},
    {"Amazonbot", "Amazonbot", "Amazonbot/", BOT},
    {"GPTBot", "GPTBot", "GPTBot/", BOT},
    {"ClaudeBot", "ClaudeBot", "ClaudeBot/", BOT},
    {"PerplexityBot", "PerplexityBot", "PerplexityBot/", BOT},
    {"Bytespider", "Bytespider", NULL, BOT},
    {"AhrefsBot", "AhrefsBot", "AhrefsBot/", BOT},
    {"SemrushBot", "SemrushBot", "SemrushBot/", BOT},
    {"facebookexternalhit", "Facebook preview", "facebookexternalhit/", BOT},
    {"Twitterbot", "Twitterbot", "Twitterbot/", BOT},
    {"LinkedInBot", "LinkedInBot", "LinkedInBot/", BOT},
    {"Slackbot", "Slackbot", NULL, BOT},
    {"Discordbot", "Discordbot", "Discordbot/", BOT},
    {"TelegramBot", "TelegramBot", NULL, BOT},
    {"UptimeRobot", "UptimeRobot", "UptimeRobot/", BOT},
    {NULL, NULL, NULL, ANY},
};

/* With case: "CUBOT/" does not contain "bot/". Only bots send the URL of a page about themselves.
 */
const char *const ms_device_tables_bot_marks[] = {
    "bot/",    "Bot/",    "bot;",    "Bot;",    "bot-",  "Bot-",  "bot)",     "Bot)",
    "crawler", "Crawler", "spider/", "Spider/", "Slurp", "+http", "heritrix", NULL};

/* Programs and libraries, by the first word they send. One that writes itself in lower case, or
 * with "http" in its name, needs a row only if people call it something else. */
const ms_device_product ms_device_tables_programs[] = {
    {"Apache-HttpClient", "Apache HttpClient", COMMAND},
    {"Bun", "Bun", COMMAND},
    {"Dart", "Dart", COMMAND},
    {"DAVx5", "DAVx5", COMMAND},
    {"Deno", "Deno", COMMAND},
    {"ELinks", "ELinks", COMMAND},
    {"Faraday", "Faraday", COMMAND},
    {"git", "Git", COMMAND},
    {"Go-http-client", "Go-http-client", COMMAND},
    {"got", "got", COMMAND},
    {"GuzzleHttp", "Guzzle", COMMAND},
    {"Jakarta", "Jakarta Commons HttpClient", COMMAND},
    {"Java", "Java", COMMAND},
    {"Links", "Links", COMMAND},
    {"Lynx", "Lynx", COMMAND},
    {"node", "Node.js", COMMAND},
    {"node-fetch", "node-fetch", COMMAND},
    {"PostmanRuntime", "Postman", COMMAND},
    {"PycURL", "curl", COMMAND},
    {"Python-urllib", "Python-urllib", COMMAND},
    {"RestSharp", "RestSharp", COMMAND},
    {"Ruby", "Ruby", COMMAND},
    {"Scrapy", "Scrapy", COMMAND},
    {"Symfony", "Symfony", COMMAND},
    {"Typhoeus", "Typhoeus", COMMAND},
    {"undici", "undici", COMMAND},
    {"Wget", "Wget", COMMAND},
    {"Wget2", "Wget", COMMAND},
    {NULL, NULL, ANY},
};

/* A browser inside an app names the system's browser, or another one, before the app. */
const ms_device_rule ms_device_tables_apps[] = {
    {"FBAN/Messenger", "Facebook Messenger", "FBAV/", ANY},
    {"FB_IAB/Orca", "Facebook Messenger", "FBAV/", ANY},
    {"FBAN/", "Facebook", "FBAV/", ANY},
    {"FB_IAB/", "Facebook", "FBAV/", ANY},
    {"Instagram ", "Instagram", NULL, ANY},
    {"Barcelona ", "Threads", NULL, ANY},
    {"wxwork/", "WeCom", NULL, ANY},
    {"MicroMessenger/", "WeChat", NULL, ANY},
    {" QQ/", "QQ", NULL, ANY},
    {"baiduboxapp/", "Baidu", NULL, ANY},
    {"musical_ly", "TikTok", "musical_ly_", ANY},
    {"trill_", "TikTok", NULL, ANY},
    {"aweme_", "Douyin", NULL, ANY},
    {"weibo__", "Weibo", NULL, ANY},
    {"Weibo ", "Weibo", NULL, ANY},
    {"NAVER(", "Naver", NULL, ANY},
    {"KAKAOTALK", "KakaoTalk", "KAKAOTALK/", ANY},
    {"Snapchat", "Snapchat", "Snapchat/", ANY},
    {"LinkedInApp", "LinkedIn", "LinkedInApp]/", ANY},
    {"Pinterest", "Pinterest", "Pinterest/", ANY},
    {"Reddit/", "Reddit", "Reddit/Version ", ANY},
    {"AlipayClient/", "Alipay", NULL, ANY},
    {"DingTalk", "DingTalk", "DingTalk/", ANY},
    {" Line/", "LINE", NULL, ANY},
    {"GSA/", "Google app", NULL, ANY},

    /* Named in a comment, or without a slash. */
    {"(Ecosia ", "Ecosia", NULL, ANY},
    {"QIHU 360", "360 Browser", NULL, ANY},
    {"MetaSr", "Sogou Explorer", NULL, ANY},
    {"WhaleTV/", "Whale TV Browser", NULL, TV},
    {"Opera Mini", "Opera Mini", "Opera Mini/", ANY},
    {"Opera/9.80", "Opera", "Version/", ANY},
    {NULL, NULL, NULL, ANY},
};

/* Products that people know by another name. */
const ms_device_product ms_device_tables_products[] = {
    {"AlohaBrowserApp", "Aloha Browser", ANY},
    {"Avast", "Avast Secure Browser", ANY},
    {"AVG", "AVG Secure Browser", ANY},
    {"Avira", "Avira Secure Browser", ANY},
    {"CCleaner", "CCleaner Browser", ANY},
    {"Ddg", "DuckDuckGo", ANY},
    {"Edg", "Edge", ANY},
    {"EdgA", "Edge", ANY},
    {"EdgiOS", "Edge", ANY},
    {"EdgW", "Edge", ANY},
    {"Emacs", "Emacs", COMMAND},
    {"Epiphany", "GNOME Web", ANY},
    {"Focus", "Firefox Focus", ANY},
    {"GoogleApp", "Google app", ANY},
    {"HeyTapBrowser", "HeyTapBrowser", ANY},
    {"jsdom", "jsdom", COMMAND},
    {"Klar", "Firefox Klar", ANY},
    {"Midori Browser", "Midori", ANY},
    {"MiuiBrowser", "Mi Browser", ANY},
    {"MQQBrowser", "QQ Browser", ANY},
    {"MZBrowser", "Meizu Browser", ANY},
    {"OPiOS", "Opera", ANY},
    {"OPR", "Opera", ANY},
    {"OPT", "Opera", ANY},
    {"OPX", "Opera GX", ANY},
    {"PaleMoon", "Pale Moon", ANY},
    {"PHX", "Phoenix Browser", ANY},
    {"SamsungBrowser", "Samsung Internet", ANY},
    {"SLBrowser", "Smart Lenovo Browser", ANY},
    {"UCWEB", "UC Browser", ANY},
    {"UCMini", "UC Browser", ANY},
    {"VivaiOS", "Vivaldi", ANY},
    {"VivoBrowser", "vivo Browser", ANY},
    {"WindowsPowerShell", "PowerShell", COMMAND},
    {"PowerShell", "PowerShell", COMMAND},
    {"YaApp_Android", "Yandex", ANY},
    {"YaApp_iOS", "Yandex", ANY},
    {"YaBrowser", "Yandex Browser", ANY},
    {"YaSearchBrowser", "Yandex", ANY},
    {NULL, NULL, ANY},
};

/* Engines, systems, and what browsers add to their name. The browsers that others are built on are
 * here too: ms_device_tables_plain names them if nothing else does. */
/* clang-format off */
const char *const ms_device_tables_engines[] = {
    "AmazonWebAppPlatform", "Android", "app_version", "AppleWebKit", "AppVersion", "ArkWeb",
    "Build", "CE-HTML", "CFNetwork", "Chr0me", "Chrome", "cordova-amazon-fireos", "Core",
    "CPython", "CriOS", "CrKey", "Cronet", "Crosswalk", "Dalvik", "Darwin", "Debian", "Electron",
    "Fedora", "Firefox", "FVC", "FxiOS", "Gecko", "Goanna", "gzip", "HbbTV", "HeadlessChrome",
    "HMSCore", "iOS", "iPad", "iPhone", "JsSdk", "KAIOS", "KHTML", "Language", "like", "Linux",
    "Mac", "macOS", "MIDP", "Mobile", "Mozilla", "MSIE", "NETTV", "NetType", "NF", "OS", "Presto",
    "Profile", "Python", "QtWebEngine", "QtWebKit", "Release", "rv", "Safari", "SignOn",
    "SmartCast", "SmartTvA", "SP-engine", "T7", "Tablet", "TBS", "Tizen", "Trident", "TV", "U2",
    "U3", "Ubuntu", "UWS", "Version", "VIZIO", "VR", "WebKit", "WebView", "WebViewApp", "Windows",
    "WKType", "WKWebView", "X11", "XWEB", "Yowser", NULL,
};
/* clang-format on */

/* Words that may be part of a name, but alone name nothing. */
const char *const ms_device_tables_generic[] = {"App", "Browser", "Client", "Phone", NULL};

const ms_device_rule ms_device_tables_plain[] = {
    {"Firefox/", "Firefox", NULL, ANY},
    {"FxiOS/", "Firefox", NULL, ANY},
    {"; wv)", "Android WebView", "Chrome/", ANY},
    {"Chrome/", "Chrome", NULL, ANY},
    {"HeadlessChrome", "Chrome", NULL, ANY},
    {"CriOS/", "Chrome", NULL, ANY},
    {"Trident/", "Internet Explorer", "rv:", ANY},
    {"MSIE ", "Internet Explorer", NULL, ANY},
    {"Konqueror/", "Konqueror", NULL, ANY},
    {"(compatible; ", "Bot", NULL, BOT}, /* today's browsers do not send this */
    {"bot", "Bot", NULL, BOT},
    {"Bot", "Bot", NULL, BOT},
    {NULL, NULL, NULL, ANY},
};

/* Phones with Windows also sent "Android" and "iPhone", consoles and TVs send "Windows" or "Linux",
 * iPhones send "like Mac OS X": the true name must come before the pretended one. An iPad that
 * requests desktop pages cannot be told from a Macintosh. There are no versions: Windows 11 sends
 * 10, and macOS always sends 10.15. */
const ms_device_system ms_device_tables_systems[] = {
    {"Windows Phone", "Windows", PHONE, 0, 0},
    {"Xbox", "Xbox", CONSOLE, 0, 0},
    {"PlayStation", "PlayStation", CONSOLE, 0, 0},
    {"Playstation", "PlayStation", CONSOLE, 0, 0},
    {"Nintendo Switch", "Nintendo Switch", CONSOLE, 0, 0},
    {"Nintendo", "Nintendo", CONSOLE, 0, 0},
    {"watchOS", "watchOS", WATCH, 0, 0},
    {"Watch OS", "watchOS", WATCH, 0, 0},
    {"tvOS", "tvOS", TV, 0, 0},
    {"Apple TV", "tvOS", TV, 0, 0},
    {"AppleTV", "tvOS", TV, 0, 0},
    {"visionOS", "visionOS", HEADSET, 0, 0},
    {"Windows", "Windows", COMPUTER, 0, 0},
    {"Web0S", "webOS", TV, 0, 0},
    {"webOS.TV", "webOS", TV, 0, 0},
    {"webOS", "webOS", ANY, 1, 0},
    {"Roku", "Roku", TV, 0, 0},
    {"BlackBerry", "BlackBerry OS", PHONE, 0, 0},
    {"BB10", "BlackBerry OS", PHONE, 0, 0},
    {"Symbian", "Symbian", PHONE, 0, 0},
    {"KAIOS", "KaiOS", PHONE, 0, 0},
    {"Tizen", "Tizen", ANY, 1, 0},
    {"Android", "Android", ANY, 1, 0},
    {"Adr ", "Android", ANY, 1, 0}, /* UC Browser */
    {"HarmonyOS", "HarmonyOS", ANY, 1, 0},
    {"OpenHarmony", "HarmonyOS", ANY, 1, 0},
    {"iPad", "iPadOS", TABLET, 0, 1},
    {"iPhone", "iOS", PHONE, 0, 1},
    {"iPod", "iOS", PHONE, 0, 1},
    {"like Mac OS X", "iOS", ANY, 0, 1},
    {"iOS", "iOS", ANY, 0, 1},
    {"CrOS", "ChromeOS", COMPUTER, 0, 0},
    {"Macintosh", "macOS", COMPUTER, 0, 1},
    {"Mac OS X", "macOS", COMPUTER, 0, 1},
    {"macOS", "macOS", COMPUTER, 0, 1},
    {"FreeBSD", "FreeBSD", COMPUTER, 0, 0},
    {"OpenBSD", "OpenBSD", COMPUTER, 0, 0},
    {"NetBSD", "NetBSD", COMPUTER, 0, 0},
    {"Linux", "Linux", COMPUTER, 1, 0},
    {"linux-gnu", "Linux", COMPUTER, 1, 0}, /* Wget */
    {NULL, NULL, ANY, 0, 0},
};

const ms_device_mark ms_device_tables_marks[] = {
    {"VR Safari", HEADSET, 0},
    {"Mobile VR", HEADSET, 1},
    {"OculusBrowser", HEADSET, 0},
    {"Wolvic", HEADSET, 0},
    {"Tesla/", CAR, 0},
    {"QtCarBrowser", CAR, 0},
    {"Automotive", CAR, 0},
    {"automotive", CAR, 0},
    {"SM-R", WATCH, 0}, /* Samsung's watches */
    {"Watch", WATCH, 1},
    {"Galaxy Watch", WATCH, 0},
    {"Wear OS", WATCH, 1},
    {"Steam Deck", CONSOLE, 0},
    {"TV", TV, 1},
    {"HbbTV", TV, 0},
    {"SmartTV", TV, 0},
    {"NetCast", TV, 0},
    {"NETTV", TV, 0},
    {"MiTV", TV, 0},
    {"VIDAA", TV, 0},
    {"Box", TV, 1}, /* under the television set */
    {"BOX", TV, 1},
    {"STB", TV, 1},
    {"LED", TV, 0}, /* "SM-LED24M09S" */
    {"BRAVIA", TV, 0},
    {"Chromecast", TV, 0},
    {"VIZIO", TV, 0},
    {"AFT", TV, 0}, /* Amazon's Fire TV */
    {"Mobile", PHONE, 1},
    {"Tablet", TABLET, 1},
    {NULL, ANY, 0},
};

const ms_device_brand ms_device_tables_brands[] = {
    {"Chromium", NULL, MS_BRAND_ENGINE},
    {"Yowser", NULL, MS_BRAND_ENGINE},
    {"Google Chrome", "Chrome", MS_BRAND_PLAIN},
    {"HeadlessChrome", "Chrome", MS_BRAND_PLAIN},
    {"Microsoft Edge", "Edge", MS_BRAND_NAMED},
    {"YaBrowser", "Yandex Browser", MS_BRAND_NAMED},
    {"Android WebView", "Android WebView", MS_BRAND_CONTAINER},
    {"Microsoft Edge WebView2", "Edge", MS_BRAND_CONTAINER},
    {NULL, NULL, MS_BRAND_ENGINE},
};

const ms_device_product ms_device_tables_platforms[] = {
    {"Windows", "Windows", ANY},
    {"macOS", "macOS", ANY},
    {"iOS", "iOS", ANY},
    {"Android", "Android", ANY},
    {"Chrome OS", "ChromeOS", ANY},
    {"Chromium OS", "ChromeOS", ANY},
    {"Linux", "Linux", ANY},
    {NULL, NULL, ANY},
};

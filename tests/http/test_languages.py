# SPDX-License-Identifier: Apache-2.0
"""The pages in the visitor's language."""
import re

import pytest

from harness import SITE, FormReader, Server, get, post, sign_in

SAYS = {  # a word of each page: sign in, sign out, the list, a refusal
    "en": ("Sign in", "Sign out?", "Where you are signed in", "Nothing was changed"),
    "de": ("Anmelden", "Abmelden?", "Wo Sie angemeldet sind", "Nichts wurde geändert"),
    "fr": ("Se connecter", "Se déconnecter ?", "Où vous êtes connecté", "Rien n’a été modifié"),
    "es": ("Iniciar sesión", "¿Cerrar sesión?", "Dónde tiene sesiones abiertas", "No se cambió nada"),
    "pt": ("Entrar", "Sair?", "Onde você está conectado", "Nada foi alterado"),
    "ja": ("サインイン", "サインアウトしますか？", "サインインしている場所", "何も変更されていません"),
    "zh": ("登录", "要退出登录吗？", "您的登录位置", "没有任何更改"),
    "ar": ("تسجيل الدخول", "هل تريد تسجيل الخروج؟", "أين سجّلت الدخول", "لم يتغيّر شيء"),
}


@pytest.mark.parametrize("language", SAYS)
def test_every_page_in_every_language(server, language):
    token, likes = sign_in(server), {"Accept-Language": f"{language}, tlh;q=0.9, en;q=0.5"}
    cross_site = {**likes, "Sec-Fetch-Site": "cross-site"}
    pages = (get(server, "/login", headers=likes), get(server, "/logout", token, likes), get(server, "/sessions", token, likes),
             post(server, "/login", {"username": "x", "password": "y"}, headers=cross_site))
    for page, words in zip(pages, SAYS[language]):
        assert words in FormReader(page.text).words
        assert page.headers["Content-Language"] == language and "Accept-Language" in page.headers["Vary"]
        assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page.text
        assert not re.search(r"\[[a-z_]+\]|\{\{", page.text.split("</style>")[1]), "a placeholder that was not filled"


@pytest.mark.parametrize("header", ["tlh", "", "*", "de;q=0", "\xff\xfe", "," * 500, "de" * 2000])
def test_english_for_all_others(server, header):
    page = get(server, "/login", headers=[("Accept-Language", header.encode("latin-1"))])
    assert page.status == 200 and page.headers["Content-Language"] == "en"


def test_a_wrong_password_is_told_in_the_language_too(server):
    page = post(server, "/login", {"username": "alice", "password": "no"}, headers={"Accept-Language": "de"})
    assert page.status == 401 and "Benutzername oder Passwort ist falsch." in page.text


def test_a_title_of_the_sites_own_is_left_as_it_is():
    with Server(SITE + 'ManagedSessionTitle "Town Library"\n') as server:
        assert "<title>サインイン – Town Library</title>" in get(server, "/login", headers={"Accept-Language": "ja"}).text
    with Server() as server:
        assert "<title>サインイン – app.test</title>" in get(server, "/login", headers={"Accept-Language": "ja"}).text


def test_names_that_run_the_other_way_are_kept_apart(server):
    """A name in Hebrew must not turn the English around it, nor a Latin one the Arabic."""
    token = sign_in(server)
    server.sql("UPDATE managed_session SET user_name = 'שלום'")
    assert "You are signed in as \u2068שלום\u2069." in get(server, "/sessions", token).text
    server.sql("UPDATE managed_session SET user_name = 'alice'")
    assert "\u2068alice\u2069" in get(server, "/sessions", token, {"Accept-Language": "ar"}).text


def test_json_has_no_language(server):
    answer = get(server, "/sessions", sign_in(server), {"Accept": "application/json", "Accept-Language": "de"})
    assert answer.json()["sessions"][0]["device"] == "Unknown device" and "Content-Language" not in answer.headers

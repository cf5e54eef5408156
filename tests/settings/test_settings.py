"""What the owner sets is found, understood, and refused in plain words where it cannot be used."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import BaseModel, SecretStr

from syncbridge.errors import ConfigError, MappingError
from syncbridge.model.money import Money
from syncbridge.settings import DeadlineSettings, Settings, load_settings, read_mappings

SECRET = "s3cr3t-of-the-app"


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory; no file of the developer's own is in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return tmp_path


def written(text: str, path: str = "syncbridge.toml") -> Path:
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def refusal(text: str = "", environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(text), environ or {})
    return str(caught.value)


class VendorSettings(BaseModel, extra="forbid"):
    base_url: str = "https://vendor.example"
    app_key: str
    app_secret: SecretStr
    inbox: Path = Path("inbox")


def test_without_a_file_the_defaults_hold() -> None:
    settings = load_settings(None, {})

    assert settings.database_url == "sqlite:///syncbridge.db"
    assert settings.driver == "poll"
    assert settings.mappings == Path("mappings")
    assert settings.key_file == Path("syncbridge.key")
    assert (settings.web.host, settings.web.port, settings.web.max_body_bytes) == ("127.0.0.1", 8688, 1048576)
    assert settings.workers.count == 8
    assert (settings.deadlines.total, settings.deadlines.read, settings.deadlines.margin) == (30, 15, 30)
    assert (settings.jobs.lease, settings.jobs.renewal, settings.jobs.sweep) == (120, 30, 15)
    assert settings.cool_off == 600
    assert (settings.polls.orders, settings.polls.purchases) == (300, 300)
    assert (settings.polls.offers, settings.polls.due_offers, settings.polls.carrier) == (86400, 60, 900)
    assert settings.brakes.price_step == Decimal("0.30")
    assert settings.brakes.repriced_share == Decimal("0.25")
    assert settings.brakes.zeroed_share == Decimal("0.10")
    assert settings.brakes.margin_floor == 0
    assert settings.accounts == {}


def test_the_vendors_limits_are_known_without_being_set() -> None:
    settings = load_settings(None, {})

    assert settings.limit("alibaba1688").per_second == 4
    assert settings.limit("aliexpress").per_second == 5
    assert settings.limit("aliexpress").catalogue_share == Decimal("0.5")
    assert settings.limit("another").per_second == 4


def test_setting_one_limit_leaves_the_others_alone() -> None:
    settings = load_settings(written("[limits.aliexpress]\ncatalogue_share = 0.2"), {})

    assert settings.limit("aliexpress").per_second == 5
    assert settings.limit("aliexpress").catalogue_share == Decimal("0.2")
    assert settings.limit("alibaba1688").per_second == 4


def test_accounts_are_counted_as_their_vendor_counts_them_and_share_what_they_may_read() -> None:
    accounts = {
        "main": {"adapter": "alibaba1688", "app_key": "1"},
        "second": {"adapter": "alibaba1688", "app_key": "1"},
        "other": {"adapter": "alibaba1688", "app_key": "2"},
        "keyless": {"adapter": "alibaba1688"},
        "toys": {"adapter": "aliexpress", "app_key": "1"},
        "pets": {"adapter": "aliexpress", "app_key": "1"},
    }
    settings = Settings.model_validate({"accounts": accounts})

    assert {name: settings.counted_as(name) for name in accounts} == {
        "main": "alibaba1688/1",
        "second": "alibaba1688/1",
        "other": "alibaba1688/2",
        "keyless": "keyless",
        "toys": "toys",
        "pets": "pets",
    }
    assert [settings.reads_per_second(name) for name in accounts] == [1, 1, 2, 2, 2.5, 2.5]


def test_the_quarantine_is_two_minutes_by_default() -> None:
    assert load_settings(None, {}).quarantine == 120


def test_the_quarantine_outlasts_two_whole_calls_whatever_is_set() -> None:
    settings = Settings(deadlines=DeadlineSettings(total=60, margin=30, quarantine=1))

    assert settings.quarantine == 150


def test_the_quarantine_shrinks_only_with_the_deadlines() -> None:
    settings = Settings(deadlines=DeadlineSettings(total=2, read=1, margin=1, quarantine=1))

    assert settings.quarantine == 5


def test_settings_built_directly_ignore_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COOL_OFF", "1")
    monkeypatch.setenv("SYNCBRIDGE_COOL_OFF", "1")

    assert Settings().cool_off == 600


def test_a_path_given_comes_before_the_variable_and_the_working_directory() -> None:
    written("cool_off = 1")
    two = written("cool_off = 2", "two.toml")
    three = written("cool_off = 3", "three.toml")

    assert load_settings(three, {"SYNCBRIDGE_CONFIG": str(two)}).cool_off == 3
    assert load_settings(None, {"SYNCBRIDGE_CONFIG": str(two)}).cool_off == 2
    assert load_settings(None, {}).cool_off == 1


def test_the_users_own_file_is_read_where_the_working_directory_has_none(tmp_path: Path) -> None:
    written("cool_off = 4", "config/syncbridge/syncbridge.toml")

    assert load_settings(None, {"XDG_CONFIG_HOME": str(tmp_path / "config")}).cool_off == 4


@pytest.mark.parametrize(("path", "variable"), [("gone.toml", ""), (None, "gone.toml")])
def test_a_file_asked_for_must_exist(path: str | None, variable: str) -> None:
    with pytest.raises(ConfigError, match=r"^gone\.toml: there is no such file; correct (--config|SYNCBRIDGE_CONFIG)"):
        load_settings(Path(path) if path else None, {"SYNCBRIDGE_CONFIG": variable})


def test_paths_of_a_file_are_relative_to_its_folder() -> None:
    settings = load_settings(written('mappings = "rules"\ndatabase_url = "sqlite:///shop.db"', "etc/own.toml"), {})

    assert settings.mappings == Path("etc/rules")
    assert settings.key_file == Path("etc/syncbridge.key")
    assert settings.database_url == "sqlite:///etc/shop.db"


def test_absolute_paths_stay_as_they_are() -> None:
    settings = load_settings(written('key_file = "/keys/k"\ndatabase_url = "sqlite:////data/x.db"', "etc/own.toml"), {})

    assert settings.key_file == Path("/keys/k")
    assert settings.database_url == "sqlite:////data/x.db"


def test_a_path_from_the_environment_is_relative_to_the_working_directory() -> None:
    settings = load_settings(written("", "etc/own.toml"), {"SYNCBRIDGE_MAPPINGS": "rules"})

    assert settings.mappings == Path("rules")


def test_the_environment_comes_before_the_file() -> None:
    file = written("[web]\nport = 1\nhost = '::1'")

    settings = load_settings(file, {"SYNCBRIDGE_WEB__PORT": "2", "UNRELATED": "x"})

    assert (settings.web.port, settings.web.host) == (2, "::1")


def test_an_account_may_come_from_the_environment_alone() -> None:
    settings = load_settings(
        None,
        {
            "SYNCBRIDGE_ACCOUNTS__MAIN__ADAPTER": "alibaba1688",
            "SYNCBRIDGE_ACCOUNTS__MAIN__APP_KEY": "0012345",
            "SYNCBRIDGE_ACCOUNTS__MAIN__LIVE": "true",
        },
    )

    assert settings.accounts["main"].live is True
    assert settings.accounts["main"].options == {"app_key": "0012345"}


def test_an_empty_variable_sets_nothing() -> None:
    assert load_settings(None, {"SYNCBRIDGE_COOL_OFF": ""}).cool_off == 600


def test_the_key_file_is_a_key_and_no_file_with_a_value() -> None:
    assert load_settings(None, {"SYNCBRIDGE_KEY_FILE": "own.key"}).key_file == Path("own.key")


def test_a_secret_may_stand_in_a_file() -> None:
    written(f"{SECRET}\n", "secret.txt")

    settings = load_settings(
        None,
        {
            "SYNCBRIDGE_ACCOUNTS__MAIN__ADAPTER": "x",
            "SYNCBRIDGE_ACCOUNTS__MAIN__APP_SECRET_FILE": "secret.txt",
        },
    )

    assert settings.accounts["main"].options["app_secret"] == SECRET


def test_an_unreadable_secret_file_is_told_with_variable_and_path() -> None:
    message = refusal("", {"SYNCBRIDGE_ACCOUNTS__MAIN__APP_SECRET_FILE": "gone.txt"})

    assert message.startswith("SYNCBRIDGE_ACCOUNTS__MAIN__APP_SECRET_FILE: gone.txt cannot be read")


def test_a_value_and_its_file_at_once_are_refused() -> None:
    written("1", "n.txt")

    message = refusal("", {"SYNCBRIDGE_COOL_OFF": "2", "SYNCBRIDGE_COOL_OFF_FILE": "n.txt"})

    assert message.startswith("SYNCBRIDGE_COOL_OFF_FILE: cool_off is set twice")


def test_a_variable_cannot_be_a_value_and_a_section() -> None:
    message = refusal("", {"SYNCBRIDGE_WEB": "x", "SYNCBRIDGE_WEB__PORT": "1"})

    assert message.startswith("SYNCBRIDGE_WEB__PORT: web is set by a variable of its own")


def test_the_adapters_own_keys_are_kept_for_the_adapter() -> None:
    file = written(
        f'[accounts.main]\nadapter = "x"\napp_key = "k"\napp_secret = "{SECRET}"\ninbox = "in"', "etc/own.toml"
    )

    vendor = load_settings(file, {}).adapter_settings("main", VendorSettings)

    assert vendor.app_secret.get_secret_value() == SECRET
    assert vendor.inbox == Path("etc/in")


def test_the_adapters_own_keys_are_refused_as_clearly_as_ours() -> None:
    settings = load_settings(written(f'[accounts.main]\nadapter = "x"\napp_kye = "k"\napp_secret = ["{SECRET}"]'), {})

    with pytest.raises(ConfigError) as caught:
        settings.adapter_settings("main", VendorSettings)

    assert str(caught.value).splitlines() == [
        'accounts.main.app_key is missing; write app_key = "…"',
        'accounts.main.app_secret is not text; write app_secret = "…"',
        'accounts.main.app_kye: there is no such key; did you mean "app_key"?',
    ]


def test_a_spending_cap_is_exact_money() -> None:
    settings = load_settings(written('[accounts.main]\nadapter = "x"\ndaily_spending_cap = "2000.10 CNY"'), {})

    assert settings.accounts["main"].daily_spending_cap == Money.of("2000.10", "CNY")


def test_without_a_cap_nothing_may_be_spent_and_nothing_is_live() -> None:
    account = load_settings(written('[accounts.main]\nadapter = "x"'), {}).accounts["main"]

    assert account.daily_spending_cap is None
    assert account.live is False
    assert account.resend_unknown is False


@pytest.mark.parametrize("cap", ['"2000"', "2000", '"NaN CNY"', '"2000 yuan"', '"-1 CNY"', "true"])
def test_a_spending_cap_that_is_no_amount_is_refused(cap: str) -> None:
    message = refusal(f'[accounts.main]\nadapter = "x"\ndaily_spending_cap = {cap}')

    assert message.startswith("syncbridge.toml: accounts.main.daily_spending_cap ")
    assert '"2000.00 CNY"' in message


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[web]\nprot = 1", 'web.prot: there is no such key; did you mean "port"?'),
        ("[weeb]\nport = 1", 'weeb: there is no such key; did you mean "web"?'),
        ("cool_of = 1", 'cool_of: there is no such key; did you mean "cool_off"?'),
        ("[web]\nport = 99999", "web.port must be at most 65535; write a number such as port = 8688"),
        ('[web]\nport = "http"', "web.port is not a whole number; write a number such as port = 8688"),
        ("web = 1", "web is one value where a section is expected; write its keys below a line [web]"),
        ("[workers]\ncount = 0", "workers.count must be at least 1; write a number such as count = 8"),
        ("cool_off = nan", "cool_off is not a number; write a number such as cool_off = 600.0"),
        ("[jobs]\nlease = 0", "jobs.lease must be more than 0; write a number such as lease = 120.0"),
        ("[brakes]\nprice_step = 30", "brakes.price_step must be at most 1; write a number such as price_step = 0.30"),
        ("[accounts.a]\nlive = true", 'accounts.a.adapter is missing; write adapter = "…"'),
        ('[accounts.a]\nadapter = "x"\nlive = "so"', "accounts.a.live is neither true nor false; write live = false"),
        ("accounts = 3", "accounts is one value where a section is expected"),
        ("[accounts]\nmain = 3", "accounts.main is one value where a section is expected"),
        ("mappings = 3", 'mappings is not text; write mappings = "mappings"'),
        ("[deadlines]\ntotal = 5\nread = 9", "deadlines: read (9) is longer than total (5)"),
        ("[jobs]\nlease = 5\nrenewal = 5", "jobs: renewal (5) must be shorter than lease (5)"),
        ('driver = "pgqueuer"', "driver names an engine for many hosts, which comes in a later release; write"),
        ('driver = "cron"', "driver must be 'poll'; write driver = \"poll\""),
        ('database_url = "postgresql://h/x"', "database_url names PostgreSQL, and many hosts come in a later release"),
        ('database_url = "mysql://h/x"', "database_url does not name a SQLite file; write"),
        ('database_url = "sqlite:///"', "database_url does not name a SQLite file; write"),
        ('[accounts.Toys]\nadapter = "x"', 'accounts.Toys: "Toys" cannot name an account; use small letters'),
        ('[accounts.a__b]\nadapter = "x"', 'accounts.a__b: "a__b" cannot name an account'),
    ],
)
def test_a_wrong_key_or_value_is_told_with_the_file_the_key_and_the_remedy(text: str, sentence: str) -> None:
    assert refusal(text).startswith(f"syncbridge.toml: {sentence}")


def test_every_problem_has_a_line_of_its_own() -> None:
    message = refusal("[web]\nport = 0.5\nprot = 1\n[polls]\norders = -1")

    assert len(message.splitlines()) == 3


def test_a_wrong_variable_is_told_by_its_name() -> None:
    message = refusal("[web]\nport = 1", {"SYNCBRIDGE_WEB__PORT": "x", "SYNCBRIDGE_WEBB__PORT": "1"})

    assert message.splitlines() == [
        "SYNCBRIDGE_WEB__PORT: web.port is not a whole number; write a number such as port = 8688",
        'SYNCBRIDGE_WEBB__…: webb: there is no such key; did you mean "web"?',
    ]


def test_an_account_of_the_environment_that_lacks_its_adapter_is_told_so() -> None:
    with pytest.raises(ConfigError, match=r"^environment: accounts\.main\.adapter is missing"):
        load_settings(None, {"SYNCBRIDGE_ACCOUNTS__MAIN__APP_KEY": "k"})


@pytest.mark.parametrize(("text", "line"), [("\n\nport = ", 3), ("a = 1\nb = C:\\x", 2), ("[web", 1)])
def test_a_slip_in_the_toml_is_told_by_file_and_line(text: str, line: int) -> None:
    assert refusal(text).startswith(f"syncbridge.toml:{line}: ")


def test_a_file_saved_with_a_byte_order_mark_is_read() -> None:
    file = written("\ufeffcool_off = 5")

    assert load_settings(file, {}).cool_off == 5


def test_a_file_in_another_encoding_is_refused() -> None:
    file = Path("gbk.toml")
    file.write_bytes("# 设置\n".encode("gbk"))

    with pytest.raises(ConfigError, match=r"^gbk\.toml: is not UTF-8 text"):
        load_settings(file, {})


def test_no_secret_is_in_a_repr() -> None:
    settings = load_settings(written(f'[accounts.main]\nadapter = "x"\napp_secret = "{SECRET}"'), {})

    assert SECRET not in repr(settings)
    assert SECRET not in str(settings)


@pytest.mark.parametrize(
    ("text", "variable"),
    [
        (f'[accounts.main]\napp_secret = "{SECRET}"', ""),
        (f'[accounts.main]\nadapter = "x"\ndaily_spending_cap = "{SECRET}"', ""),
        (f'[accounts]\nmain = "{SECRET}"', ""),
        (f'database_url = "postgresql://u:{SECRET}@host/db"', ""),
        (f'[accounts]\napp_secret = "{SECRET}"', ""),
        ("", SECRET),
    ],
)
def test_no_secret_is_in_an_error_nor_in_what_caused_it(text: str, variable: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings(written(text), {"SYNCBRIDGE_ACCOUNTS": variable})

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_mapping_files_of_a_folder_are_read_by_name_without_its_cases() -> None:
    written("a: 1", "m/b.yaml")
    written("a: 2", "m/a.yml")
    written("a: 3", "m/cases/c.yaml")
    written("x", "m/notes.txt")

    assert read_mappings(Path("m")) == {str(Path("m/a.yml")): "a: 2", str(Path("m/b.yaml")): "a: 1"}


def test_a_single_mapping_file_is_read() -> None:
    written("\ufeffa: 1", "m/a.yaml")

    assert read_mappings(Path("m/a.yaml")) == {str(Path("m/a.yaml")): "a: 1"}


@pytest.mark.parametrize("path", ["gone", "gone.yaml", "."])
def test_mappings_that_are_not_there_are_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="there is no mapping file"):
        read_mappings(Path(path))


def test_a_mapping_file_in_another_encoding_is_refused_with_its_place() -> None:
    Path("m.yaml").write_bytes("routes: 路线".encode("gbk"))

    with pytest.raises(MappingError, match=r"^m\.yaml:1:1: is not UTF-8"):
        read_mappings(Path("m.yaml"))

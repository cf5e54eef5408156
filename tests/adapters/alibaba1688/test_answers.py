"""Every documented refusal is the error that says what to do next (1688.md §3.1, §3.2, §5.2)."""

from __future__ import annotations

import json

import pytest

from syncbridge.adapters.alibaba1688 import answers, client
from syncbridge.adapters.alibaba1688.answers import Api
from syncbridge.adapters.http import Answer
from syncbridge.errors import (
    AccessExpired,
    NotFound,
    NotGranted,
    OutcomeUnknown,
    OutOfStock,
    RateLimited,
    Rejected,
    Transient,
    VendorDown,
    VendorError,
)

READ, WRITE = client.ORDER_VIEW, client.CREATE


def gateway(code: str, message: str = "said the gateway", status: int = 400) -> Answer:
    return Answer(status, json.dumps({"error_code": code, "error_message": message, "exception": message}).encode())


def said(**members: object) -> Answer:
    return Answer(200, json.dumps(members).encode())


def error(api: Api, answer: Answer) -> VendorError:
    with pytest.raises(VendorError) as caught:
        answers.opened(api, answer)
    return caught.value


@pytest.mark.parametrize("api", [READ, WRITE], ids=["read", "write"])
@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("401", AccessExpired),
        ("gw.SignatureInvalid", AccessExpired),
        ("gw.SignatureMissing", AccessExpired),
        ("gw.AppKeyMissing", AccessExpired),
        ("gw.AppKeyNotFound", AccessExpired),
        ("gw.APIACLDecline", NotGranted),
        ("gw.APIUnsupported", NotGranted),
        ("gw.NoUsageLeftError", NotGranted),
        ("gw.ParamMissing", Rejected),
        ("gw.QosAppFrequencyLimit", RateLimited),
        ("gw.QosRequestLimit", RateLimited),
        ("gw.TimestampInvalid", Rejected),
    ],
)
def test_what_the_gateway_refuses_was_not_written(api: Api, code: str, kind: type[VendorError]) -> None:
    found = error(api, gateway(code))

    assert type(found) is kind
    assert found.code == code
    assert "said the gateway" in str(found)


def test_row_08_a_call_the_gateway_gave_up_may_have_been_made() -> None:
    assert type(error(WRITE, gateway("gw.RequestTimeout"))) is OutcomeUnknown
    assert type(error(READ, gateway("gw.RequestTimeout"))) is VendorDown


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("400_1", "parameter invalid", Rejected),
        ("400_2", "need authorization", AccessExpired),
        ("500_2", "没有权限获取该订单可支付方式。", Rejected),
        ("APPLY_TIME_ERROR", "只能查询近730天的退款单", Rejected),
        ("OFFERIDS_IS_NULL", "", Rejected),
        ("APPKEY_ISV_CONFIG_IS_NOT_EXIST", "", NotGranted),
        ("ISVUSERS_IS_NULL", "", NotGranted),
        ("", "没有该商品的查询权限", NotGranted),
        ("操作库存失败:PRODUCT_TRADE_STAT_ERROR", "操作库存失败:PRODUCT_TRADE_STAT_ERROR", OutOfStock),
        ("Batch pay", "Batch pay : not surport MANUAL-TRADE!", Rejected),
        ("003002", '{"cause":"errorCode:ORDER_NOT_EXIST"}', NotFound),
    ],
)
@pytest.mark.parametrize("api", [READ, WRITE], ids=["read", "write"])
def test_row_08_a_documented_no_is_a_clear_one(api: Api, code: str, message: str, kind: type[VendorError]) -> None:
    words = {"errorCode": code, "errorMessage": message, "code": code, "message": message}

    assert type(error(api, said(success=False, **words))) is kind


@pytest.mark.parametrize("code", ["400_4", "500_1", "5100", "UNHEARD_OF", ""])
def test_row_08_a_no_for_an_unknown_reason_leaves_a_write_unclear_and_a_read_refused(code: str) -> None:
    words = {"errorCode": code, "errorMessage": "x", "code": code, "message": "x"}

    assert type(error(WRITE, said(success=False, **words))) is OutcomeUnknown
    assert type(error(READ, said(success=False, **words))) is Rejected


def test_a_rate_limit_names_a_wait() -> None:
    found = error(READ, gateway("gw.QosAppFrequencyLimit"))

    assert isinstance(found, RateLimited)
    assert found.retry_after == 5.0


def test_an_unknown_word_of_the_gateway_leaves_a_write_unclear() -> None:
    assert type(error(WRITE, gateway("gw.RequestTimeout"))) is OutcomeUnknown
    assert type(error(WRITE, gateway("gw.Unheard"))) is OutcomeUnknown
    assert type(error(READ, gateway("gw.Unheard"))) is Rejected
    assert type(error(READ, gateway("gw.RequestTimeout", status=500))) is VendorDown


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("500_001", NotFound),
        ("500_002", Rejected),
        ("500_003", Rejected),
        ("500_004", OutOfStock),
        ("500_005", Rejected),
        ("500_006", Rejected),
        ("500_007", Rejected),
        ("500_008", Rejected),
        ("500_009", Rejected),
    ],
)
def test_a_refused_preview_or_purchase_says_why(code: str, kind: type[VendorError]) -> None:
    previewed = error(client.PREVIEW, said(success=False, errorCode=code, errorMsg="商品[1]"))
    bought = error(client.CREATE, said(success=False, code=code, message="商品[1]", result=None))

    assert (type(previewed), type(bought)) == (kind, kind)
    assert code in str(bought)
    assert "商品[1]" in str(bought)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("5001", NotFound),
        ("5002", NotFound),
        ("5003", Rejected),
        ("5004", Rejected),
        ("5005", Rejected),
        ("5006", Rejected),
        ("5010", Rejected),
        ("5011", Rejected),
        ("5012", Rejected),
        ("5013", Rejected),
        ("5100", OutcomeUnknown),
        ("4001", OutcomeUnknown),
    ],
)
def test_a_refused_refund_says_why(code: str, kind: type[VendorError]) -> None:
    found = error(client.CREATE_REFUND, said(result={"success": False, "code": code, "message": "退货状态错误"}))

    assert (type(found), found.code) == (kind, code)


def test_trouble_inside_the_vendor_about_refunds_is_worth_another_try() -> None:
    refused = said(result={"success": False, "code": "4001", "message": "内部错误"})

    assert type(error(client.REFUND_REASONS, refused)) is VendorDown


@pytest.mark.parametrize(
    ("code", "kind"), [("ORDER_STATUS_ERROR", Rejected), ("400_3", Rejected), ("ORDER_NOT_EXIST", NotFound)]
)
def test_a_refused_cancel_says_why(code: str, kind: type[VendorError]) -> None:
    assert type(error(client.CANCEL, said(success=False, errorCode=code, errorMessage="订单状态错误"))) is kind


@pytest.mark.parametrize("words", [{"errorCode": "CLOSE_ORDER_TOO_FAST"}, {"errorMessage": "CLOSE_ORDER_TOO_FAST"}])
def test_an_order_too_young_to_cancel_is_tried_again_after_ten_seconds(words: dict[str, str]) -> None:
    found = error(client.CANCEL, said(success=False, **words))

    assert isinstance(found, Transient)
    assert found.retry_after == 10.0


@pytest.mark.parametrize(("cause", "api"), [("ORDER_NOT_EXIST", client.REFUNDS), ("REFUND_DATA_ERROR", client.REFUND)])
def test_a_refusal_wrapped_in_json_is_understood(cause: str, api: Api) -> None:
    inner = json.dumps({"errorCode": "003002", "errorMessage": "SERVICE:INVOKE_FAIL", "cause": f"errorCode:{cause}"})

    assert type(error(api, said(errorCode="500", errorMessage=inner))) is NotFound


@pytest.mark.parametrize("message", ["AddressId invalid:AddressId invalid", "not support tradeType:【bank】"])
def test_a_refused_address_or_trade_type_is_a_clear_no(message: str) -> None:
    assert type(error(WRITE, said(success=False, code="x", message=message))) is Rejected
    assert type(error(WRITE, said(success=False, code="400", message=message))) is Rejected


def test_a_purchase_refused_for_no_documented_reason_is_unclear() -> None:
    assert type(error(WRITE, said(success=False, code="500", message="系统繁忙"))) is OutcomeUnknown


def test_a_purchase_whose_lines_all_failed_is_refused_for_the_first_reason() -> None:
    failed = [{"offerId": "1", "specId": "a", "errorCode": "500_004", "errorMessage": "库存不足"}]
    answer = said(success=True, result={"success": True, "orderId": None, "failedOfferList": failed})

    with pytest.raises(OutOfStock):
        client.created(answer)


def test_an_inner_no_of_a_purchase_counts() -> None:
    with pytest.raises(Rejected, match="minimum"):
        client.created(said(success=True, result={"success": False, "code": "500_005", "message": "起批量"}))


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ORDER_NOT_EXIST", ""),
        ("404", ""),
        ("order.nopermission.buyer", ""),
        ("400_4", "ORDER_NOT_EXIST"),
    ],
)
def test_an_order_that_is_not_there_is_not_found(code: str, message: str) -> None:
    assert type(error(READ, said(success="false", errorCode=code, errorMessage=message))) is NotFound


@pytest.mark.parametrize("message", ["商品已下架", "商品[1]不存在"])
def test_an_offer_that_was_taken_down_is_not_found(message: str) -> None:
    assert type(error(client.DETAIL, said(result={"success": False, "code": "500", "message": message}))) is NotFound


def test_a_yes_together_with_an_error_code_is_a_no() -> None:
    answer = said(success=True, errorCode="400_4", errorMessage="ORDER_NOT_EXIST")

    assert type(error(READ, answer)) is NotFound


def test_a_vendors_own_trouble_is_worth_another_try() -> None:
    assert type(error(READ, said(success=False, errorCode="500_1", errorMessage="系统异常"))) is VendorDown


@pytest.mark.parametrize("code", ["200", "S0000", "0", 0, None, ""])
def test_a_code_that_means_fine_is_no_error(code: object) -> None:
    answer = said(result={"success": "true", "code": code, "result": []})

    assert bytes(answers.opened(client.POOL, answer)) == b"[]"


def test_a_list_without_success_is_fine() -> None:
    assert bytes(answers.opened(client.ORDER_LIST, said(result=[], totalRecord=0))) == b"[]"


def test_following_answers_a_bare_code() -> None:
    assert bytes(answers.opened(client.FOLLOW, said(code=0, message="success"))) == b"0"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        (Answer(200, b'{"result":{"baseInfo"'), VendorDown),
        (Answer(200, b"<html><body>Please sign in</body></html>"), VendorDown),
        (Answer(200, b""), VendorDown),
        (Answer(200, b"\xff\xfe"), VendorDown),
        (Answer(302, b""), VendorDown),
        (Answer(503, b"upstream unavailable"), VendorDown),
        (Answer(429, b"slow down"), VendorDown),
        (Answer(404, b"<html>"), Rejected),
        (Answer(500, b"{}"), VendorDown),
        (Answer(200, b"{}"), Rejected),
    ],
)
def test_an_answer_without_the_vendors_word(answer: Answer, read: type[VendorError]) -> None:
    assert type(error(READ, answer)) is read
    assert type(error(WRITE, answer)) is OutcomeUnknown


@pytest.mark.parametrize(
    ("body", "paid"),
    [
        ({"result": {"success": True, "result": {"paySuccess": True}}}, True),
        ({"result": {"success": True, "result": {"paySuccess": "true"}}}, True),
        ({"result": {"success": True, "result": {"paySuccess": False}}}, False),
        ({"result": {"success": False, "code": "x", "message": "余额不足", "result": None}}, False),
    ],
)
def test_a_payment_is_made_or_to_be_read_again(body: dict[str, object], paid: bool) -> None:
    assert bool(client.paid(said(**body)).pay_success) is paid


@pytest.mark.parametrize("body", [b"{}", b'{"result":null}', b'{"result":{}}', b"<html>", b'{"result":{"succ'])
def test_an_unclear_answer_to_a_payment_is_not_a_no(body: bytes) -> None:
    with pytest.raises(OutcomeUnknown):
        client.paid(Answer(200, body))


def test_a_refusal_in_broken_text_is_a_refusal_all_the_same() -> None:
    broken = Answer(200, b'{"success":false,"code":"500_004","message":"\xe5\xba"}')

    assert type(error(WRITE, broken)) is OutOfStock


def test_errors_show_no_token_and_no_phone_number() -> None:
    found = error(READ, gateway("gw.ParamMissing", "call 13800138000 access_token=abc-123"))

    assert "abc-123" not in str(found) + found.body
    assert "13800138000" not in str(found) + found.body

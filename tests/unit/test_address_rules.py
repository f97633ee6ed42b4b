"""Which addresses may be asked, in every spelling that hides one that may not."""

import ipaddress

import pytest

from fecemo.data.reasons import FetchError, Reason
from fecemo.fetch.addresses import checked_url, is_public


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_ordinary_addresses_are_public(address):
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", [
    "127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "0.0.0.0",
    "0.1.2.3", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1",
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8",
    "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2002:808:808::1", "2001:0:808:808::1",
    "2001:db8::1", "2001:20::1", "3fff::1", "5f00::1", "100::1", "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1",
    "fd00:ec2::254", "4000::1"])
def test_every_other_kind_of_address_is_not(address):
    assert not is_public(ipaddress.ip_address(address))


def reason_of(url, *hosts):
    with pytest.raises(FetchError) as caught:
        checked_url(url, frozenset(hosts))
    return caught.value.reason


@pytest.mark.parametrize("url", [
    "http://127.0.0.1/a", "http://2130706433/a", "http://0x7f000001/a", "http://0x7f.0.0.1/a", "http://0177.0.0.1/a",
    "http://127.1/a", "http://127.0.1/a", "http://0/a", "http://0.0.0.0/a", "http://127.0.0.1./a", "http://[::1]/a",
    "http://[::ffff:127.0.0.1]/a", "http://[::ffff:8.8.8.8]/a", "http://[::127.0.0.1]/a", "http://[64:ff9b::7f00:1]/a",
    "http://[fec0::1]/a", "http://169.254.169.254/latest", "https://10.0.0.1/a", "http://256.1.1.1/a"])
def test_literals_that_are_not_public_are_refused_in_any_spelling(url):
    assert reason_of(url) is Reason.FORBIDDEN_ADDRESS


@pytest.mark.parametrize("url", [
    "", "a.jpg", "/a.jpg", "file:///etc/passwd", "data:image/png;base64,AAAA", "ftp://example.org/a", "gopher://x/",
    "javascript:alert(1)", "http://", "http:///a", "https://?", "http://[::1/a", "http://example.org:99999/a",
    "http://example.org:port/a", "http://exa\x00mple.org/", "http://example.org/\r\nHost: evil", "http://[fe80::1%25eth0]/",
    "http://example.org\\@127.0.0.1/", "http://example.org/" + "a" * 9000])
def test_what_is_no_web_address_is_refused(url):
    assert reason_of(url) in (Reason.BAD_URL, Reason.CREDENTIALS_IN_URL)


@pytest.mark.parametrize("url", ["http://me:sesame@example.org/a", "http://me@example.org/a", "https://:sesame@example.org/"])
def test_credentials_are_refused_and_not_repeated(url):
    with pytest.raises(FetchError) as caught:
        checked_url(url)
    assert caught.value.reason is Reason.CREDENTIALS_IN_URL
    assert "sesame" not in str(caught.value)


@pytest.mark.parametrize("url", [
    "http://example.org/a.jpg", "HTTPS://Example.ORG:8443/ä b.jpg?x=1", "http://8.8.8.8/a", "http://xn--bcher-kva.example/",
    "http://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/a", "http://example.org./a", "http://1.example/a"])
def test_ordinary_addresses_pass(url):
    assert checked_url(url).hostname


def test_a_host_is_opened_by_name_and_on_one_port_only_if_one_was_named():
    assert checked_url("http://127.0.0.1:81/a", frozenset({"127.0.0.1"}))
    assert checked_url("http://127.0.0.1:80/a", frozenset({"127.0.0.1:80"}))
    assert reason_of("http://127.0.0.1:81/a", "127.0.0.1:80") is Reason.FORBIDDEN_ADDRESS
    assert reason_of("http://127.0.0.2/a", "127.0.0.1") is Reason.FORBIDDEN_ADDRESS

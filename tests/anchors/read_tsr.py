"""read_tsr.py STAMP ROOT BODY: judges a stamp with rfc3161-client; it must be good, and no longer so once changed."""
import pathlib
import sys

from cryptography import x509
from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

stamp, root, body = pathlib.Path(sys.argv[1]).read_bytes(), pathlib.Path(sys.argv[2]).read_bytes(), sys.argv[3].encode()


def is_good(stamp, body):
    response = decode_timestamp_response(stamp)
    verifier = VerifierBuilder().add_root_certificate(x509.load_pem_x509_certificate(root)).build()
    try:
        return verifier.verify_message(response, body)
    except VerificationError:
        return False


assert is_good(stamp, body)
assert not is_good(stamp, body + b"x")
assert not is_good(stamp[:-1] + bytes([stamp[-1] ^ 1]), body)

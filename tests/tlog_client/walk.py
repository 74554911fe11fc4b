#!/usr/bin/env python3
"""A stranger's client of a transparency log, written from the C2SP documents alone.

    walk.py URL VKEY [OLD_CHECKPOINT_FILE]

Reads tlog-checkpoint, signed-note and tlog-tiles (https://c2sp.org), knows nothing of Suyuan and shares no code with
it. With nothing but /checkpoint, /tile/L/N and /tile/entries/N below URL it

  - verifies the log's Ed25519 signature on the newest checkpoint with VKEY,
  - downloads every entry and every tile of every level, and computes each tile from the one below and the root from
    the entries,
  - given an older checkpoint, makes the RFC 9162 consistency proof between the two sizes from tiles alone and checks it,
  - asks again for every full tile with its ETag, and for tiles that the tree cannot have.

Prints one JSON object; exits 1 with a sentence if anything is not as it should be. Standard library only.
"""

import base64
import hashlib
import json
import sys
import urllib.error
import urllib.request

WIDTH = 256


class Wrong(Exception):
    pass


def require(condition, problem):
    if not condition:
        raise Wrong(problem)


# -- Ed25519, RFC 8032 5.1: verification only -------------------------------------------------------------------------

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(a, b):
    (x1, y1), (x2, y2) = a, b
    k = D * x1 * x2 * y1 * y2 % P
    x3 = (x1 * y2 + x2 * y1) * pow(1 + k, P - 2, P) % P
    y3 = (y1 * y2 + x1 * x2) * pow(1 - k, P - 2, P) % P
    return x3, y3


def times(n, point):
    result = (0, 1)
    while n:
        if n & 1:
            result = add(result, point)
        point = add(point, point)
        n >>= 1
    return result


def decode_point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    require(y < P, "a point is not canonical")
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    require((x * x - square) % P == 0, "no such point")
    if x & 1 != sign:
        x = P - x
    return x, y


BASE = decode_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed25519_verifies(public, message, signature):
    if len(signature) != 64:
        return False
    s = int.from_bytes(signature[32:], "little")
    if s >= L:
        return False
    a, r = decode_point(public), decode_point(signature[:32])
    digest = hashlib.sha512(signature[:32] + public + message).digest()
    k = int.from_bytes(digest, "little") % L
    return times(s, BASE) == add(r, times(k, a))


# -- signed-note and tlog-checkpoint ----------------------------------------------------------------------------------


def open_checkpoint(note, vkey):
    """(origin, size, root) of a checkpoint that VKEY has signed."""
    name, key_id, key = vkey.split("+", 2)
    key = base64.b64decode(key, validate=True)
    require(key[0] == 1 and len(key) == 33, "the vkey is of no Ed25519 key")
    require(hashlib.sha256(name.encode() + b"\n" + key).digest()[:4].hex() == key_id, "the vkey's id is wrong")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    require(lines.endswith("\n") and lines, "the note has no signature lines")
    good = False
    for line in lines[:-1].split("\n"):
        dash, signer, signature = line.split(" ")
        require(dash == "\u2014", "a signature line does not begin with a dash")
        signature = base64.b64decode(signature, validate=True)
        if signer == name and signature[:4].hex() == key_id:
            require(ed25519_verifies(key[1:], text.encode(), signature[4:]), "the log's signature is bad")
            good = True
    require(good, "the log has not signed the note")
    origin, size, root = text.split("\n")[:3]
    require(origin == name and text == f"{origin}\n{size}\n{root}\n", "the checkpoint has other lines")
    require(str(int(size)) == size, "the size is spelt otherwise")
    root = base64.b64decode(root, validate=True)
    require(len(root) == 32, "the root has not 32 bytes")
    return origin, int(size), root


# -- RFC 6962 ---------------------------------------------------------------------------------------------------------


def leaf_hash(data):
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):
    """The largest power of two below n."""
    return 1 << (n - 1).bit_length() - 1


def perfect(hashes):
    while len(hashes) > 1:
        hashes = [node_hash(*hashes[i : i + 2]) for i in range(0, len(hashes), 2)]
    return hashes[0]


# -- tlog-tiles -------------------------------------------------------------------------------------------------------


def spell(n):
    text = f"{n % 1000:03d}"
    while n >= 1000:
        n //= 1000
        text = f"x{n % 1000:03d}/{text}"
    return text


class Log:
    def __init__(self, url):
        self.url, self.requests, self.tiles = url.rstrip("/"), 0, {}
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path, headers=None):
        self.requests += 1
        request = urllib.request.Request(f"{self.url}/{path}", headers=headers or {})
        try:
            with self.opener.open(request) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, b"", error.headers

    def fetch(self, path, is_full):
        status, body, headers = self.get(path)
        require(status == 200, f"{path} answers {status}")
        cache = headers.get("cache-control", "")
        if is_full:
            require("immutable" in cache, f"{path} is not said to be immutable")
        else:
            require("immutable" not in cache and "max-age" in cache, f"{path} may be kept for ever")
        again, _, _ = self.get(path, {"If-None-Match": headers["etag"]})
        require(again == 304, f"{path} is sent again to who has it")
        return body

    def tile(self, level, index, width):
        key = level, index, width
        if key not in self.tiles:
            partial = "" if width == WIDTH else f".p/{width}"
            body = self.fetch(f"tile/{level}/{spell(index)}{partial}", width == WIDTH)
            require(len(body) == 32 * width, f"tile {key} has {len(body)} bytes")
            self.tiles[key] = [body[i : i + 32] for i in range(0, len(body), 32)]
        return self.tiles[key]

    def entries(self, index, width):
        partial = "" if width == WIDTH else f".p/{width}"
        body = self.fetch(f"tile/entries/{spell(index)}{partial}", width == WIDTH)
        entries = []
        while body:
            length = int.from_bytes(body[:2], "big")
            require(len(body) >= 2 + length, "an entry is cut off")
            entries.append(body[2 : 2 + length])
            body = body[2 + length :]
        require(len(entries) == width, f"bundle {index} has {len(entries)} entries")
        return entries

    def node(self, size, level, index):
        """The complete subtree `index` of 2^level leaves, from tiles of the tree of `size`."""
        tile_level, inside = divmod(level, 8)
        count = 1 << inside
        first = index * count
        width = min(WIDTH, (size >> 8 * tile_level) - first // WIDTH * WIDTH)
        hashes = self.tile(tile_level, first // WIDTH, width)
        return perfect(hashes[first % WIDTH : first % WIDTH + count])

    def range_hash(self, size, start, end):
        """Of the leaves start..end, a node of a tree of `size`."""
        width = end - start
        if width & (width - 1) == 0 and start % width == 0:
            return self.node(size, width.bit_length() - 1, start // width)
        middle = start + split(width)
        return node_hash(self.range_hash(size, start, middle), self.range_hash(size, middle, end))


def widths(count):
    """(index, width) of the tiles over `count` hashes."""
    full = [(i, WIDTH) for i in range(count // WIDTH)]
    return full + ([(count // WIDTH, count % WIDTH)] if count % WIDTH else [])


def walk(log, size):
    """Every entry and tile, each tile computed from what is below it. Returns the root."""
    hashes, entries = [], 0
    for index, width in widths(size):
        for entry in log.entries(index, width):
            hashes.append(leaf_hash(entry))
            entries += 1
    require(entries == size, "entries are missing")
    leaves, level, tiles = hashes, 0, 0
    while hashes:
        for index, width in widths(len(hashes)):
            here = hashes[index * WIDTH : index * WIDTH + width]
            require(log.tile(level, index, width) == here, f"tile {level}/{index} is not that of its entries")
            tiles += 1
        full = len(hashes) // WIDTH
        hashes = [perfect(hashes[i * WIDTH : (i + 1) * WIDTH]) for i in range(full)]
        level += 1
    return root_of(leaves), tiles


def root_of(leaves):
    if len(leaves) == 1:
        return leaves[0]
    middle = split(len(leaves))
    return node_hash(root_of(leaves[:middle]), root_of(leaves[middle:]))


# -- RFC 9162 2.1.4 ---------------------------------------------------------------------------------------------------


def consistency_proof(log, old, new):
    def subproof(old, start, end, whole):
        if old == end - start:
            return [] if whole else [log.range_hash(new, start, end)]
        middle = split(end - start)
        if old <= middle:
            return subproof(old, start, start + middle, whole) + [log.range_hash(new, start + middle, end)]
        return subproof(old - middle, start + middle, end, False) + [log.range_hash(new, start, start + middle)]

    return subproof(old, 0, new, True) if 0 < old < new else []


def consistency_holds(old, new, old_root, new_root, proof):
    if old == new:
        return old_root == new_root and not proof
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old_root, new_root)


def main(url, vkey, old_note=None):
    log = Log(url)
    status, note, _ = log.get("checkpoint")
    require(status == 200, f"checkpoint answers {status}")
    origin, size, root = open_checkpoint(note.decode(), vkey)
    computed, tiles = walk(log, size)
    require(computed == root, "the entries do not give the root that was signed")
    require(size == 0 or log.range_hash(size, 0, size) == root, "the tiles do not give the root that was signed")
    told = {"origin": origin, "size": size, "root": root.hex(), "tiles": tiles, "proof": None}
    if old_note is not None:
        _, old, old_root = open_checkpoint(old_note, vkey)
        require(old <= size, "the log has shrunk")
        proof = consistency_proof(log, old, size)
        require(consistency_holds(old, size, old_root, root, proof), "the log has another history than before")
        require(log.range_hash(size, 0, old) == old_root, "the older root is not that of the first entries")
        told |= {"old": old, "proof": [hash.hex() for hash in proof]}
    beyond = size // WIDTH
    for path in [f"tile/0/{spell(beyond + 1)}", f"tile/0/{spell(beyond)}", f"tile/entries/{spell(beyond + 1)}",
                 f"tile/0/{spell(beyond)}.p/{size % WIDTH + 1}", "tile/0/0", "tile/00/000", "tile/entries/000.p/256"]:
        require(log.get(path)[0] == 404, f"{path} is served though there is no such tile")
    told["requests"] = log.requests
    return told


if __name__ == "__main__":
    try:
        old_note = open(sys.argv[3], encoding="utf-8").read() if len(sys.argv) > 3 else None
        print(json.dumps(main(sys.argv[1], sys.argv[2], old_note)))
    except Wrong as wrong:
        sys.exit(f"{wrong}")

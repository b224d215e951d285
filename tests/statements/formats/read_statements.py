"""Reads statements with readers of others, and prints as JSON what each makes of them. Arguments: files."""

import json
import os
import sys
import xml.etree.ElementTree as ElementTree

import mt940
from ofxtools.Parser import OFXTree


def read_mt940(path):
    data = mt940.parse(path)
    return {
        "opening": str(data.data["final_opening_balance"].amount.amount),
        "closing": str(data.data["final_closing_balance"].amount.amount),
        "amounts": [str(entry.data["amount"].amount) for entry in data.transactions],
        "currency": data.data["final_closing_balance"].amount.currency,
    }


def read_ofx(path):
    tree = OFXTree()
    tree.parse(path)
    statement = tree.convert().statements[0]
    return {
        "closing": str(statement.ledgerbal.balamt),
        "amounts": [str(entry.trnamt) for entry in statement.transactions],
        "times": [entry.dtposted.isoformat() for entry in statement.transactions],
        "currency": statement.curdef,
    }


def read_camt(path):
    root = ElementTree.parse(path).getroot()
    space = {"c": root.tag[1 : root.tag.index("}")]}
    sides = {"CRDT": "", "DBIT": "-"}

    def amount(node):
        return sides[node.findtext("c:CdtDbtInd", namespaces=space)] + node.findtext("c:Amt", namespaces=space)

    def texts(entry):
        return "".join(node.text for node in entry.iterfind(".//c:Ustrd", space))

    balances = [amount(node) for node in root.iterfind(".//c:Bal", space)]
    entries = root.findall(".//c:Ntry", space)
    return {
        "opening": balances[0],
        "closing": balances[1],
        "amounts": [amount(entry) for entry in entries],
        "texts": [texts(entry) for entry in entries],
        "currency": root.findtext(".//c:Acct/c:Ccy", namespaces=space),
    }


readers = {".sta": read_mt940, ".ofx": read_ofx, ".xml": read_camt}

# ASCII, whatever the terminal's encoding is.
json.dump({path: readers[os.path.splitext(path)[1]](path) for path in sys.argv[1:]}, sys.stdout)

"""Writes data/basis/*.json and src/methods/chemistry/elements.json from the PyPI package basis_set_exchange: H to Ar, as far as each set goes.

The files are in the JSON format of the Basis Set Exchange (Pritchard, Altarawy, Didier, Gibson, Windus, J. Chem. Inf.
Model. 59, 4814 (2019)), reduced to what defines the functions, the version and the references.
"""
import json
import sys
from pathlib import Path

import basis_set_exchange as bse
from basis_set_exchange import lut

names = ["STO-3G", "3-21G", "6-31G", "6-31G*", "6-31G**", "6-311G**", "cc-pVDZ", "cc-pVTZ", "def2-SVP"]
fitting = ["def2-universal-JKFIT"]
root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
folder = root / "data/basis"
folder.mkdir(parents=True, exist_ok=True)


def shell(given):
    return {
        "function_type": given["function_type"],
        "angular_momentum": given["angular_momentum"],
        "exponents": given["exponents"],
        "coefficients": given["coefficients"],
    }


for name in names + fitting:
    # version 0 has the digits that PySCF ships; a primitive that is a function of its own is taken out of the other
    # contractions, which leaves their span as it is
    version = 1 if name in fitting else 0
    there = [z for z in range(1, 19) if str(z) in bse.get_basis(name, version=version)["elements"]]
    data = bse.get_basis(name, version=version, elements=there, optimize_general=name.startswith("cc-"))
    elements = {
        z: {"references": e["references"], "electron_shells": [shell(s) for s in e["electron_shells"]]}
        for z, e in data["elements"].items()
    }
    keys = {k for e in elements.values() for r in e["references"] for k in r["reference_keys"]}
    citations = bse.get_all_reference_data() if hasattr(bse, "get_all_reference_data") else None
    if citations is None:
        from basis_set_exchange import fileio
        citations = fileio.read_references(str(Path(bse.__file__).parent / "data" / "REFERENCES.json"))
    out = {
        "molssi_bse_schema": {"schema_type": "complete", "schema_version": "0.1"},
        "source": f"basis_set_exchange {bse.version()}, BSD 3-Clause, https://www.basissetexchange.org",
        "name": data["name"],
        "version": data["version"],
        "description": data["description"],
        "references": {k: {f: citations[k][f] for f in ("authors", "title", "journal", "volume", "page", "year", "doi")
                           if f in citations[k]} for k in sorted(keys)},
        "elements": elements,
    }
    file = folder / (name.lower().replace("**", "-dp").replace("*", "-d") + ".json")
    file.write_text(json.dumps(out, separators=(",", ":")) + "\n")
    print(file.name, file.stat().st_size, [lut.element_sym_from_Z(z) for z in there])

(root / "src/methods/chemistry/elements.json").write_text(json.dumps({
    "source": f"symbols and names as in basis_set_exchange {bse.version()} (IUPAC), BSD 3-Clause",
    "symbols": [lut.element_sym_from_Z(z, normalize=True) for z in range(1, 119)],
    "names": [lut.element_name_from_Z(z, normalize=True) for z in range(1, 119)],
}, separators=(",", ":")) + "\n")

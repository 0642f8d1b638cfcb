"""A contract for import-linter: some modules may import each other and the standard library, and nothing else.

import-linter's own types name what is forbidden, and would let in every module and package that nobody thought of.
"""

import sys

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class ClosedContract(Contract):
    """``modules`` with all below them."""

    type_name = "closed"

    modules = fields.SetField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        roots: set[str] = self.modules  # type: ignore[assignment]  # the field's descriptor gives the set
        inside = roots.union(*(graph.find_descendants(root) for root in roots))
        leaving = [
            f"{importer} imports {imported}"
            for importer in sorted(inside)
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if imported not in inside and imported.split(".")[0] not in sys.stdlib_module_names
        ]
        return ContractCheck(kept=not leaving, metadata={"leaving": leaving})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for sentence in check.metadata["leaving"]:
            output.print_error(sentence)

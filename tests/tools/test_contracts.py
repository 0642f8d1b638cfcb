from grimp import ImportGraph
from importlinter import ContractCheck

from tools.contracts import ClosedContract


def checked(*imports: tuple[str, str]) -> ContractCheck:
    graph = ImportGraph()
    for module in ("kit", "kit.bundle", "kit.bundle.store", "kit.errors", "kit.camera", "json", "numpy"):
        graph.add_module(module)
    for importer, imported in imports:
        graph.add_import(importer=importer, imported=imported)
    options = {"modules": ["kit.bundle", "kit.errors"]}
    contract = ClosedContract(name="closed", session_options={}, contract_options=options)
    return contract.check(graph, verbose=False)


def test_each_other_and_the_standard_library_may_be_imported() -> None:
    assert checked(("kit.bundle.store", "kit.errors"), ("kit.bundle.store", "json"), ("kit.camera", "numpy")).kept


def test_a_module_outside_breaks_it_by_name() -> None:
    check = checked(("kit.bundle.store", "kit.camera"))
    assert not check.kept
    assert check.metadata["leaving"] == ["kit.bundle.store imports kit.camera"]


def test_a_package_from_elsewhere_breaks_it_by_name() -> None:
    assert checked(("kit.errors", "numpy")).metadata["leaving"] == ["kit.errors imports numpy"]

import pytest

from ninefold.core.contracts import Contract, Implementation, Implementations

NUMBER: Contract[int] = Contract("test.number")
OTHER: Contract[int] = Contract("test.number")


def test_an_implementation_is_found_by_its_contract() -> None:
    assert Implementations([Implementation(NUMBER, 1)]).find(NUMBER) == 1


def test_a_contract_is_not_its_name() -> None:
    implementations = Implementations([Implementation(NUMBER, 1), Implementation(OTHER, 2)])

    assert (implementations.find(NUMBER), implementations.find(OTHER)) == (1, 2)


def test_two_implementations_of_one_contract_prevent_the_start() -> None:
    with pytest.raises(ValueError, match=r"test\.number has two implementations"):
        Implementations([Implementation(NUMBER, 1), Implementation(NUMBER, 2)])


def test_a_contract_without_an_implementation_prevents_the_start() -> None:
    with pytest.raises(ValueError, match=r"No system implements the contract test\.number"):
        Implementations().find(NUMBER)

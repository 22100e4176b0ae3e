"""How one system uses another: by a contract, which one system implements and the edge passes on.

A contract is a protocol with a name, declared in `ninefold/contracts/`. A system lists its implementations in its
wiring, and others find them in their context:

    from typing import Protocol

    class Greeter(Protocol):
        def greet(self, name: str) -> str: ...

    class PoliteGreeter:
        def greet(self, name: str) -> str:
            return f"Good morning, {name}"

    GREETER: Contract[Greeter] = Contract("greeting.greeter")

    implementations = Implementations([Implementation(GREETER, PoliteGreeter())])
    assert implementations.find(GREETER).greet("Ada") == "Good morning, Ada"
"""

from collections.abc import Iterable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")


class Contract(Generic[T]):
    """The name of what one system offers to others, and its type.

    Args:
        name: the system and what it offers, such as `webhooks.event_publisher`.
    """

    def __init__(self, name: str) -> None:
        self.name: Final = name


class Implementation(Generic[T]):
    """What a system offers under a contract.

    Args:
        contract: the contract.
        implementation: an object of its type.
    """

    def __init__(self, contract: Contract[T], implementation: T) -> None:
        self.contract: Final = contract
        self.implementation: Final = implementation


class Implementations:
    """The implementations of all systems in this process.

    Args:
        implementations: one for each contract.

    Raises:
        ValueError: two systems implement one contract.
    """

    def __init__(self, implementations: Iterable[Implementation[Any]] = ()) -> None:
        self._by_contract: dict[Contract[Any], Any] = {}
        for each in implementations:
            if each.contract in self._by_contract:
                raise ValueError(f"The contract {each.contract.name} has two implementations.")
            self._by_contract[each.contract] = each.implementation

    def find(self, contract: Contract[T]) -> T:
        """Return the implementation of a contract.

        Raises:
            ValueError: no system implements it.
        """
        if contract not in self._by_contract:
            raise ValueError(f"No system implements the contract {contract.name}.")
        found: T = self._by_contract[contract]
        return found

"""What every adapter must do, as tests its author inherits.

Give a harness (the vendor's side of the table) as the fixture ``harness`` of a class that inherits a contract::

    class TestAcme(SupplierContract):  # from syncbridge.testing.contracts.supplier
        @pytest.fixture
        def harness(self): return AcmeHarness()

The memory adapters pass first and define the meaning.
"""

from ninefold.core.postgres.database import Database


async def test_each_test_has_a_database_of_its_own(database: Database) -> None:
    async with database.transaction() as connection:
        await connection.execute("CREATE TABLE mine (id integer)")
        assert 0 == await connection.fetchval("SELECT count(*) FROM mine")

using Received.Usage.ClickHouse;
using Xunit;

namespace Received.Tests.Usage;

/// <summary>The schema's text, on one server and on a cluster. The cluster's was never run: no cluster was at
/// hand.</summary>
public sealed class ClickHouseSchemaTests
{
    [Fact]
    public void Versions_count_up_from_one() => Assert.Equal(
        Enumerable.Range(1, SchemaText.Files.Count), SchemaText.Files.Select(file => file.Version));

    [Fact]
    public void One_server_has_a_table_for_each_and_no_placeholder_is_left()
    {
        var statements = SchemaText.Statements(SchemaText.Files[0].Text, "");
        Assert.All(statements, statement =>
        {
            Assert.StartsWith("CREATE TABLE IF NOT EXISTS", statement, StringComparison.Ordinal);
            Assert.DoesNotContain("${", statement);
            Assert.DoesNotContain("CLUSTER", statement);
            Assert.DoesNotContain("Replicated", statement);
            Assert.DoesNotContain("_local", statement);
        });
        Assert.Equal(12, statements.Count);
    }

    [Fact]
    public void A_cluster_has_replicated_tables_and_distributed_ones_before_them_by_the_log_s_partition()
    {
        var statements = SchemaText.Statements(SchemaText.Files[0].Text, "big");
        Assert.Equal(24, statements.Count);
        Assert.All(statements, statement => Assert.Contains("ON CLUSTER 'big'", statement));
        var (tables, before) = (statements.Where((_, i) => i % 2 == 0), statements.Where((_, i) => i % 2 == 1));
        Assert.All(tables, statement => Assert.Contains(
            "ENGINE = ReplicatedReplacingMergeTree('/clickhouse/tables/{shard}/{database}/{table}', '{replica}'",
            statement));
        Assert.Equal(
            "CREATE TABLE IF NOT EXISTS totals ON CLUSTER 'big' AS totals_local "
            + "ENGINE = Distributed('big', currentDatabase(), totals_local, partition)",
            before.Single(statement => statement.Contains("EXISTS totals ")));
        Assert.DoesNotContain(statements, statement => statement.Contains("non_replicated_deduplication_window"));
        Assert.Equal(11, statements.Count(statement => statement.Contains(", replicated_deduplication_window = 0")));
    }
}

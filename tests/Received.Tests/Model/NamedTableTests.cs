using System.Text;
using Received.Model;
using Xunit;

namespace Received.Tests.Model;

public sealed class NamedTableTests
{
    [Fact]
    public void A_triple_stands_once_and_neighbours_do_not_run_together()
    {
        var table = new NamedTable();
        var first = table.Intern(new(1), "ab"u8, "c"u8);
        Assert.NotEqual(first, table.Intern(new(1), "a"u8, "bc"u8));
        Assert.NotEqual(first, table.Intern(new(2), "ab"u8, "c"u8));
        Assert.Equal(first, table.Intern(new(1), "ab"u8, "c"u8));
        Assert.Equal(3, table.Count);
    }

    [Fact]
    public void Thousands_of_entries_are_found_again_in_order_of_appearance()
    {
        var table = new NamedTable();
        for (var round = 0; round < 2; round++)
        {
            for (var i = 0; i < 5_000; i++)
                Assert.Equal(i, table.Intern(new(1), Encoding.UTF8.GetBytes($"ref-{i}"), []));
        }

        table.Clear();
        Assert.Equal(0, table.Intern(new(1), "ref-4999"u8, []));
    }
}

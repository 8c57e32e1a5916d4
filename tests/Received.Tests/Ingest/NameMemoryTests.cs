using System.Text;
using Received.Ingest.Batching;
using Received.Model;
using Xunit;

namespace Received.Tests.Ingest;

public sealed class NameMemoryTests
{
    static readonly string[] Refs = ["", "a", "abc", "abcdefgh", "abcdefgh-12345678", new('r', 63), new('r', 128)];
    static readonly string[] Names = ["", "N", "Customer 1", "Customer 2", new('n', 32), new('n', 33), new('n', 256)];

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void A_name_has_one_number_and_no_other_has_it_however_many_share_a_place(int places)
    {
        var memory = new NameMemory(places);
        var numbers = new Dictionary<(uint, string, string), int>();
        var random = new Random(3);
        for (var i = 0; i < 20_000; i++)
        {
            var (account, text) = ((uint)random.Next(1, 3), Refs[random.Next(Refs.Length)]);
            var reference = text.Length > 100 ? text : text + random.Next(30);
            var name = Names[random.Next(Names.Length)];
            var number = memory.Find(new(account), Utf8(reference), Utf8(name), out var isNew);
            Assert.Equal(!numbers.TryGetValue((account, reference, name), out var before), isNew);
            Assert.Equal(isNew ? numbers.Count : before, number);
            numbers[(account, reference, name)] = number;
        }
    }

    [Fact]
    public void An_entry_is_of_the_frame_that_is_asked_for()
    {
        var memory = new NameMemory(64);
        var other = memory.Find(new(1), "other"u8, [], out _);
        var number = memory.Find(new(1), "ref"u8, "Name"u8, out _);
        var (first, second) = (new NamedTable(), new NamedTable());
        Assert.Equal(0, memory.EntryIn(first, 1, other));
        Assert.Equal(1, memory.EntryIn(first, 1, number));
        Assert.Equal(1, memory.EntryIn(first, 1, number));
        Assert.Equal(0, memory.EntryIn(second, 2, number));
        // Filled again: what was known of it before is of no use.
        first.Clear();
        Assert.Equal(0, memory.EntryIn(first, 3, number));
        Assert.Equal("ref"u8, first.Ref(0));
        Assert.Equal("Name"u8, first.Name(0));
    }

    [Fact]
    public void What_was_forgotten_is_new_again()
    {
        var memory = new NameMemory(64);
        for (var round = 1; round <= 2; round++)
        {
            for (var i = 0; !memory.IsFull; i++)
            {
                memory.Find(new(1), Utf8($"ref-{i}"), "Name"u8, out var isNew);
                Assert.True(isNew);
            }

            Assert.False(memory.IsLarge);
            memory.Forget();
        }
    }

    static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}

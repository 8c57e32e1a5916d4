using System.Text;
using Received.Model;
using Received.Model.Catalog;
using Xunit;

namespace Received.Tests.Ingest;

/// <summary>What an event asserts of its contract, at the door and against the catalog in memory.</summary>
public sealed class AssertionCheckTests
{
    static readonly AccountId First = new(1);

    static readonly long EventMs =
        new DateTimeOffset(2024, 2, 5, 8, 55, 32, 160, TimeSpan.Zero).ToUnixTimeMilliseconds();

    static CatalogLine Line(
        string currency, string entity = "e1", string customer = "c-1", string product = "p", long? start = null,
        long? end = null, uint account = 1) => new(
        new(account), customer, product, start ?? 0, end ?? long.MaxValue, currency, entity);

    static string Asserting(string? currency, string? entity = null, string customer = "c-1")
    {
        var fields = new List<string>();
        if (currency is not null) fields.Add($"\"currency\":\"{currency}\"");
        if (entity is not null) fields.Add($"\"entity_ref\":\"{entity}\"");
        return DoorHost.Event(1, customer, $",\"validations\":{{{string.Join(',', fields)}}}");
    }

    [Theory]
    [InlineData("USD", null, "/validations/currency")]
    [InlineData("USD", "e1", "/validations/currency")]
    [InlineData(null, "e2", "/validations/entity_ref")]
    [InlineData("EUR", "e2", "/validations/entity_ref")]
    public async Task An_event_that_its_contract_contradicts_is_refused_by_its_field_and_stored_nowhere(
        string? currency, string? entity, string pointer)
    {
        await using var door = await DoorHost.StartAsync();
        door.Catalog.Publish(new([Line("EUR")]));
        var answer = await door.PostSingleAsync(Asserting(currency, entity));
        Assert.Equal((422, "validation_mismatch", pointer), (answer.Status, answer.Code, answer.Pointer));
        Assert.Empty(door.Log.Events());
    }

    [Theory]
    [InlineData("EUR", "e1")]
    [InlineData("EUR", null)]
    [InlineData(null, "e1")]
    [InlineData(null, null)]
    public async Task An_event_that_agrees_or_asserts_nothing_is_taken(string? currency, string? entity)
    {
        await using var door = await DoorHost.StartAsync();
        door.Catalog.Publish(new([Line("EUR")]));
        Assert.Equal(200, (await door.PostSingleAsync(Asserting(currency, entity))).Status);
        Assert.Single(door.Log.Events());
    }

    [Fact]
    public async Task Without_a_contract_at_that_time_for_that_customer_product_and_account_the_event_is_taken()
    {
        await using var door = await DoorHost.StartAsync();
        door.Catalog.Publish(new(
        [
            Line("EUR", end: EventMs), Line("EUR", start: EventMs + 1), Line("EUR", customer: "c-2"),
            Line("EUR", product: "q"), Line("EUR", account: 2), Line("EUR", customer: "c-1p", product: ""),
        ]));
        Assert.Equal(200, (await door.PostSingleAsync(Asserting("USD"))).Status);
    }

    [Fact]
    public async Task Of_several_lines_one_that_agrees_is_enough_and_none_with_both_is_not()
    {
        await using var door = await DoorHost.StartAsync();
        door.Catalog.Publish(new([Line("EUR", "e1"), Line("USD", "e2")]));
        Assert.Equal(200, (await door.PostSingleAsync(Asserting("USD", "e2"))).Status);
        Assert.Equal(200, (await door.PostSingleAsync(Asserting("EUR"))).Status);
        var both = await door.PostSingleAsync(Asserting("EUR", "e2"));
        Assert.Equal((422, "/validations"), (both.Status, both.Pointer));
    }

    [Fact]
    public async Task In_a_batch_refusals_have_their_index_and_escaped_references_are_compared_by_their_bytes()
    {
        await using var door = await DoorHost.StartAsync();
        door.Catalog.Publish(new([Line("EUR", customer: "ü/1")]));
        var body = $"[{DoorHost.Event(1)},{Asserting("USD", null, "\\u00fc\\/1")},{Asserting("EUR", null, "ü/1")},"
            + $"{Asserting("USD", null, "ü/1")}]";
        var answer = await door.PostBatchAsync(body);
        Assert.Equal(207, answer.Status);
        Assert.Equal(
            "1 validation_mismatch /validations/currency; 3 validation_mismatch /validations/currency", answer.Errors);
        Assert.Equal(2, door.Log.Events().Count);
        var atomic = await door.PostBatchAsync(body, "?atomic=true");
        Assert.Equal((422, "batch_refused"), (atomic.Status, atomic.Code));
        Assert.Equal(2, door.Log.Events().Count);
    }

    [Fact]
    public async Task A_contract_that_is_published_later_counts_for_the_next_request()
    {
        await using var door = await DoorHost.StartAsync();
        Assert.Equal(200, (await door.PostSingleAsync(Asserting("USD"))).Status);
        door.Catalog.Publish(new([Line("EUR")]));
        Assert.Equal(422, (await door.PostSingleAsync(Asserting("USD"))).Status);
    }

    [Fact]
    public void A_look_up_allocates_nothing()
    {
        var catalog = new CatalogSnapshot([Line("EUR"), Line("USD", customer: "c-2")]);
        var customer = Encoding.UTF8.GetBytes("c-1");
        for (var i = 0; i < 100; i++) catalog.Check(First, customer, "p"u8, EventMs, "USD"u8, default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) catalog.Check(First, customer, "p"u8, EventMs, "USD"u8, default);
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}

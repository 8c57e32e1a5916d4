using Received.Usage;
using Received.Usage.ClickHouse;
using Xunit;

namespace Received.Tests.Usage;

public sealed class ClickHouseRatingStoreTests : RatingStoreContract, IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    protected override int Samples => 5;

    protected override IUsageStore Create(string name) => new ClickHouseUsageStore(_database.Options(name));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

public sealed class ClickHouseArchiveStoreTests : ArchiveStoreContract, IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    protected override IUsageStore Create(string name) => new ClickHouseUsageStore(_database.Options(name));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

public sealed class ClickHouseTotalsStoreTests : TotalsStoreContract, IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    protected override int Samples => 5;

    protected override IUsageStore Create(string name) => new ClickHouseUsageStore(_database.Options(name));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

public sealed class ClickHouseCycleTotalsStoreTests : CycleTotalsStoreContract, IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    protected override IUsageStore Create(string name) => new ClickHouseUsageStore(_database.Options(name));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

public sealed class ClickHouseEventsStoreTests : EventsStoreContract, IAsyncLifetime
{
    readonly ClickHouseDatabase _database = new();

    public ValueTask InitializeAsync() => _database.InitializeAsync();

    protected override IUsageStore Create(string name) => new ClickHouseUsageStore(_database.Options(name));

    public ValueTask DisposeAsync() => _database.DisposeAsync();
}

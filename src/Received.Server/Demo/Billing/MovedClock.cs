namespace Received.Server.Demo.Billing;

/// <summary>
/// A STAND-IN for the system's clock, some time ahead of it: so that invoices come due within a demo. Timers run as
/// ever.
/// </summary>
sealed class MovedClock(TimeSpan ahead) : TimeProvider
{
    public static MovedClock At(DateTimeOffset now) => new(now - System.GetUtcNow());

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + ahead;
}

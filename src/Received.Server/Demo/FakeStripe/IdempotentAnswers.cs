namespace Received.Server.Demo.FakeStripe;

/// <summary>
/// Answers by idempotency key: the first one is given again, also a failure; other parameters under the same key are
/// refused with 400, a key whose first request is still under way with 409. Keys are forgotten after a day, as at
/// Stripe.
/// </summary>
sealed class IdempotentAnswers(TimeProvider time)
{
    static readonly TimeSpan Life = TimeSpan.FromHours(24);

    readonly Lock _gate = new();
    readonly Dictionary<string, Entry> _entries = [];

    /// <returns>The answer to give again; null where the caller is the first and has to do the work.</returns>
    /// <exception cref="StripeRefusal">409 or 400.</exception>
    public StripeAnswer? Begin(string key, string request)
    {
        lock (_gate)
        {
            var now = time.GetUtcNow();
            if (!_entries.TryGetValue(key, out var entry) || now - entry.BegunAt > Life)
            {
                _entries[key] = new(request, null, now);
                return null;
            }

            if (entry.Request != request)
                throw new StripeRefusal(
                    400, "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters they were first used "
                    + $"with. Try using a key other than '{key}' if you meant to execute a different request.");
            return entry.Answer ?? throw new StripeRefusal(
                409, "idempotency_key_in_use",
                $"There is currently another in-progress request using this idempotent key: '{key}'.");
        }
    }

    /// <param name="answer">Null: the key is free again.</param>
    public void End(string key, StripeAnswer? answer)
    {
        lock (_gate)
        {
            if (answer is null) _entries.Remove(key);
            else _entries[key] = _entries[key] with { Answer = answer };
        }
    }

    sealed record Entry(string Request, StripeAnswer? Answer, DateTimeOffset BegunAt);
}

sealed record StripeAnswer(int Status, string Body);

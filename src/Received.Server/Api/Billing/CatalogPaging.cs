using Received.Model;

namespace Received.Server.Api.Billing;

/// <summary>A page of a list as it was asked for.</summary>
readonly record struct PageRequest(string Question, long After, int Limit, QueryText Query)
{
    const int LimitDefault = 100;
    const int LimitMax = 1_000;

    /// <param name="list">Names the list and all that filters it: a cursor is good for that alone.</param>
    public static PageRequest Of(HttpContext http, AccountId account, string list, params string[] filters)
    {
        var query = new QueryText(http.Request.Query);
        string?[] parts = [list, account.ToString(), .. filters.Select(filter => query[filter])];
        var question = string.Join('\n', parts);
        long after = 0;
        if (query["cursor"] is { } cursor && !PageCursor.TryParse(cursor, question, out after))
            throw new RefusedException(QueryText.CursorProblem);
        return new(question, after, query.Limit(LimitDefault, LimitMax), query);
    }

    public string? Next(long? after) => after is { } id ? PageCursor.Format(id, Question) : null;

    /// <summary>"archived=true" lists what is archived, too.</summary>
    public bool WithArchived() => Query["archived"] switch
    {
        null or "false" => false,
        "true" => true,
        _ => throw new RefusedException(Problem.Parameter("archived", "'archived' must be true or false.")),
    };
}

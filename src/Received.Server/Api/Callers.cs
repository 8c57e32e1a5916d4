using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Received.Billing.Access;
using Received.Model.Access;

namespace Received.Server.Api;

/// <summary>
/// Who asks (law 12). A key names its account. The operator is who can read the data folder: the control token in
/// server.json; it has every scope and names the account with the header <see cref="AccountHeader"/>.
/// </summary>
sealed class Callers(AccessDirectory directory, AccountBook accounts, ControlToken control)
{
    public const string AccountHeader = "Received-Account";

    const string Scheme = "Bearer ";

    static readonly object PrincipalItem = new();

    /// <summary>
    /// Refuses requests without a key of that scope; handlers behind it find the caller with <see cref="Account"/>.
    /// </summary>
    public static Func<EndpointFilterInvocationContext, EndpointFilterDelegate, ValueTask<object?>> Require(
        Scopes scope) =>
        async (context, next) =>
        {
            var http = context.HttpContext;
            var callers = http.RequestServices.GetRequiredService<Callers>();
            return await callers.CheckAsync(http, scope) ?? await next(context);
        };

    public static Account Account(HttpContext http) =>
        ((Principal)http.Items[PrincipalItem]!).Account;

    /// <summary>Null where the operator asks for what concerns all accounts (scope admin).</summary>
    public static Account? AccountOrNull(HttpContext http) => (http.Items[PrincipalItem] as Principal)?.Account;

    /// <summary>The key's id, or "operator": for the audit trail.</summary>
    public static string Actor(HttpContext http) => ((Principal)http.Items[PrincipalItem]!).KeyId;

    async ValueTask<ProblemHttpResult?> CheckAsync(HttpContext http, Scopes scope)
    {
        var header = http.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return Unauthorized(http, "key_missing", "Send the API key as: Authorization: Bearer <key>.");
        var secret = header[Scheme.Length..].Trim();
        var principal = directory.Current.Find(secret);
        if (principal is null)
        {
            if (!control.Matches(secret))
                return Unauthorized(http, "key_unknown", "The API key is unknown or was revoked.");
            return await CheckOperatorAsync(http, scope);
        }

        if (!principal.Scopes.HasFlag(scope))
            return Problem.Of(
                StatusCodes.Status403Forbidden, "scope_missing",
                $"This key lacks the scope {ScopeNames.Format(scope)}.");
        http.Items[PrincipalItem] = principal;
        return null;
    }

    async ValueTask<ProblemHttpResult?> CheckOperatorAsync(HttpContext http, Scopes scope)
    {
        if (scope == Scopes.Admin) return null;
        var name = Uri.UnescapeDataString(http.Request.Headers[AccountHeader].ToString());
        var account = await accounts.FindAsync(name, http.RequestAborted);
        if (account is null)
            return Problem.Of(
                StatusCodes.Status404NotFound, "account_not_found", $"There is no account {Problem.Shown(name)}.");
        http.Items[PrincipalItem] = new Principal(account, "operator", (Scopes)~0);
        return null;
    }

    static ProblemHttpResult Unauthorized(HttpContext http, string code, string detail)
    {
        http.Response.Headers.WWWAuthenticate = "Bearer realm=\"received\"";
        return Problem.Of(StatusCodes.Status401Unauthorized, code, detail);
    }
}

/// <summary>
/// The running server's secret for commands beside it: random per start, readable by the folder's owner alone.
/// </summary>
sealed class ControlToken(string text)
{
    const int SecretBytes = 32;

    readonly byte[] _hash = SHA256.HashData(Encoding.UTF8.GetBytes(text));

    public string Text { get; } = text;

    public static ControlToken Make() => new(
        "rc_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes)));

    /// <summary>Compares hashes in constant time.</summary>
    public bool Matches(string candidate) =>
        CryptographicOperations.FixedTimeEquals(_hash, SHA256.HashData(Encoding.UTF8.GetBytes(candidate)));
}

using System.ComponentModel.DataAnnotations;

namespace Received.Server.Options;

/// <summary>
/// Reads sections into their option classes and gathers what is wrong with all of them: names that mean nothing (a
/// typing error would otherwise be a setting that silently does not work), values that cannot be read, values out of
/// bounds.
/// </summary>
sealed class SettingsCheck(IConfiguration configuration)
{
    readonly List<string> _refusals = [];
    readonly List<string> _sections = [];

    /// <param name="own">Values that the program gives itself; they are no settings.</param>
    public T Bind<T>(string section, params (string Name, string Value)[] own) where T : class
    {
        _sections.Add(section);
        var known = typeof(T).GetProperties().Where(property => property.CanWrite).Select(property => property.Name)
            .Except(own.Select(value => value.Name)).ToList();
        foreach (var child in configuration.GetSection(section).GetChildren())
        {
            // A section of its own (Received:Ingest within Received) is bound, and checked, by itself.
            if (child.Value is null || known.Contains(child.Key, StringComparer.OrdinalIgnoreCase)) continue;
            _refusals.Add($"{Name(child.Path)} is no setting. Known here: {string.Join(", ", known)}.");
        }

        var options = Read<T>(section, own);
        var results = new List<ValidationResult>();
        Validator.TryValidateObject(options, new(options), results, validateAllProperties: true);
        foreach (var result in results)
        {
            var member = result.MemberNames.FirstOrDefault() ?? "";
            var value = typeof(T).GetProperty(member)?.GetValue(options);
            _refusals.Add($"{Name($"{section}:{member}")} is '{value}'. {result.ErrorMessage}");
        }

        return options;
    }

    /// <summary>An adapter's section: null, and nothing may be set in it, unless <paramref name="chooser"/>
    /// is.</summary>
    public T? BindChosen<T>(string section, string chooser) where T : class
    {
        var options = Bind<T>(section);
        if (!string.IsNullOrWhiteSpace(configuration[$"{section}:{chooser}"])) return options;
        foreach (var child in configuration.GetSection(section).GetChildren())
        {
            if (!child.Key.Equals(chooser, StringComparison.OrdinalIgnoreCase))
                _refusals.Add($"{Name(child.Path)} is set, but {Name($"{section}:{chooser}")}, which chooses it, is "
                    + "not.");
        }

        return null;
    }

    /// <summary>Refuses values of a section that another choice has made idle.</summary>
    public void RefuseUnused(string section, string what, string chosen)
    {
        foreach (var child in configuration.GetSection(section).GetChildren())
            if (child.Value is not null)
                _refusals.Add($"{Name(child.Path)} is a setting of {what}, but {chosen} is chosen: leave it out.");
    }

    /// <exception cref="SettingsException">Something was wrong; the message has a line for each.</exception>
    public void ThrowIfRefused()
    {
        RefuseUnknownSections(configuration.GetSection(ServerOptions.Section));
        if (_refusals.Count > 0) throw new SettingsException(string.Join('\n', _refusals));
    }

    void RefuseUnknownSections(IConfigurationSection parent)
    {
        foreach (var child in parent.GetChildren().Where(child => child.Value is null))
        {
            if (_sections.Contains(child.Path, StringComparer.OrdinalIgnoreCase)) RefuseUnknownSections(child);
            else _refusals.Add($"{Name(child.Path)} is no section. Known: {string.Join(", ", _sections)}.");
        }
    }

    public void Refuse(string section, string member, string reason) =>
        _refusals.Add($"{Name($"{section}:{member}")}: {reason}");

    T Read<T>(string section, (string Name, string Value)[] own) where T : class
    {
        var values = configuration.GetSection(section).AsEnumerable(makePathsRelative: true)
            .Concat(own.Select(value => KeyValuePair.Create(value.Name, (string?)value.Value)));
        // One value at a time: the binder stops at the first that it cannot read.
        var readable = new Dictionary<string, string?>();
        foreach (var (key, value) in values)
        {
            if (key.Length == 0 || value is null) continue;
            try
            {
                Build<T>(new Dictionary<string, string?> { [key] = value });
                readable[key] = value;
            }
            catch (InvalidOperationException)
            {
                var type = typeof(T).GetProperties()
                    .First(property => property.Name.Equals(key, StringComparison.OrdinalIgnoreCase)).PropertyType;
                _refusals.Add($"{Name($"{section}:{key}")} is '{value}'. It must be {Form(type)}.");
            }
        }

        return Build<T>(readable);
    }

    static T Build<T>(Dictionary<string, string?> values) where T : class =>
        new ConfigurationBuilder().AddInMemoryCollection(values).Build().Get<T>() ?? Activator.CreateInstance<T>();

    static string Form(Type type) => type switch
    {
        _ when type == typeof(TimeSpan) => "a duration such as 00:00:20 (hours:minutes:seconds, days before a point)",
        _ when type == typeof(bool) => "true or false",
        _ when type.IsEnum => "one of " + string.Join(", ", Enum.GetNames(type)),
        _ => "a whole number",
    };

    static string Name(string path) => $"{path} (environment: {path.Replace(":", "__", StringComparison.Ordinal)})";
}

/// <summary>A setting cannot be used; the message names it and what would be right.</summary>
sealed class SettingsException(string message) : Exception(message);

namespace Received.Model.Pricing;

/// <summary>
/// The table of price models: the name that contracts use, and how a model's fields are written and read. A new model
/// is its own file and a row here.
/// </summary>
public static class PriceModels
{
    /// <summary>Decimals as text: amounts with the currency's decimals, unit prices with at most 12.</summary>
    public sealed record Fields(string Model, string Currency, string? Amount, string? UnitPrice);

    sealed record Row(string Model, Type Type, Func<Price, Fields> Write, ReadModel Read);

    delegate Price? ReadModel(Fields fields, Currency currency, out PriceRefusal? refusal);

    static readonly Row[] Table =
    [
        new("flat", typeof(FlatPrice),
            price => new("flat", price.Currency.Code, ((FlatPrice)price).Amount.ToText(), null), ReadFlat),
        new("per_unit", typeof(PerUnitPrice),
            price => new("per_unit", price.Currency.Code, null, Quantity.Format(((PerUnitPrice)price).UnitPrice)),
            ReadPerUnit),
    ];

    public static IReadOnlyList<string> Names { get; } = [.. Table.Select(row => row.Model)];

    public static Fields Write(Price price) => Table.Single(row => row.Type == price.GetType()).Write(price);

    /// <summary>Null where a field is refused.</summary>
    public static Price? Read(Fields fields, out PriceRefusal? refusal)
    {
        if (Table.FirstOrDefault(row => row.Model == fields.Model) is not { } row)
            return Refuse("model", $"It must be one of: {string.Join(", ", Names)}.", out refusal);
        if (!Currency.TryParse(fields.Currency, out var currency))
            return Refuse("currency", "It must be the capital ISO 4217 code of a currency, such as EUR.", out refusal);
        return row.Read(fields, currency, out refusal);
    }

    static FlatPrice? ReadFlat(Fields fields, Currency currency, out PriceRefusal? refusal)
    {
        var amount = default(Money);
        refusal = fields.UnitPrice is not null ? new("unit_price", "A flat price has an amount, but no unit_price.")
            : fields.Amount is null || !Money.TryParse(fields.Amount, currency, out amount) || amount.Minor < 0
                ? new("amount", $"It must be a decimal from 0 with at most {currency.MinorDigits} decimals.")
            : null;
        return refusal is null ? new(amount) : null;
    }

    static PerUnitPrice? ReadPerUnit(Fields fields, Currency currency, out PriceRefusal? refusal)
    {
        var price = default(Quantity);
        refusal = fields.Amount is not null ? new("amount", "A per-unit price has a unit_price, but no amount.")
            : fields.UnitPrice is null || !Quantity.TryParse(fields.UnitPrice, out price) || price.Scaled < 0
                ? new("unit_price", "It must be a decimal from 0, below 10^15, with at most 12 decimals.")
            : null;
        return refusal is null ? new(currency, price.Scaled) : null;
    }

    static Price? Refuse(string field, string reason, out PriceRefusal? refusal)
    {
        refusal = new(field, reason);
        return null;
    }
}

/// <summary>Which field of a price is wrong, and what would be right.</summary>
public sealed record PriceRefusal(string Field, string Reason);

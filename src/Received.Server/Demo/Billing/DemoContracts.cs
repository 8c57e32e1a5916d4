using System.Numerics;
using System.Text.Json.Nodes;
using NodaTime;
using Received.Model;

namespace Received.Server.Demo.Billing;

/// <summary>
/// Who sells what to whom in the demo, as the API takes it, and what the invoices must come to: worked out here from
/// the plan of events, with arithmetic of its own.
/// </summary>
sealed class DemoContracts(DemoPlan plan)
{
    static readonly string[] UnitPrices = ["0.0025", "0.000011", "0.00015", "0.083", "0.0071"];

    static readonly DemoSeller Germany = new(
        "demo-de", "EUR", "VAT", "19", "49.00",
        """
        {"ref":"demo-de","name":"Received Demo GmbH","address":["Torstraße 1","10119 Berlin"],"country":"DE",
         "zone":"Europe/Berlin","series":"DE-","tax_id":"DE123456788","register_number":"HRB 4711 B",
         "bank_name":"Musterbank","iban":"DE89370400440532013000","bic":"COBADEFFXXX","email":"billing@demo.example"}
        """);

    static readonly DemoSeller America = new(
        "demo-us", "USD", "Sales tax", "8.875", "55.00",
        """
        {"ref":"demo-us","name":"Received Demo, Inc.","address":["350 5th Avenue","New York, NY 10118"],"country":"US",
         "zone":"America/New_York","series":"US-","tax_id":"98-7654321","bank_name":"Sample Bank",
         "email":"billing@demo.example"}
        """);

    public static IReadOnlyList<DemoSeller> Sellers { get; } = [Germany, America];

    /// <summary>The events lie within one cycle: a month, or two where the month is a short one.</summary>
    public int Months { get; } = plan.From.AddMonths(1) >= plan.To ? 1 : 2;

    /// <summary>When usage is invoiced.</summary>
    public DateTimeOffset IssuedAt => plan.From.AddMonths(Months);

    /// <summary>Noon of the first day of the month after that: the month of the last usage can be closed.</summary>
    public DateTimeOffset BooksAt
    {
        get
        {
            var month = IssuedAt.AddMonths(1);
            return new(month.Year, month.Month, 1, 12, 0, 0, TimeSpan.Zero);
        }
    }

    /// <summary>
    /// The month of the first usage in the seller's books, which are kept in its own zone: where the plan begins with a
    /// month, New York still has the one before.
    /// </summary>
    public LocalDate FirstMonth(DemoSeller seller)
    {
        var first = Instant.FromDateTimeOffset(plan.From).InZone(DateTimeZoneProviders.Tzdb[seller.Zone]);
        return first.Date.With(DateAdjusters.StartOfMonth);
    }

    public static DemoSeller Seller(int customer) => customer % 3 == 2 ? America : Germany;

    public JsonObject Customer(int customer) => new()
    {
        ["ref"] = plan.CustomerRef(customer),
        ["name"] = DemoPlan.CustomerName(customer),
        ["address"] = new JsonArray($"{customer + 1} Example Street", "Sampletown"),
        ["country"] = Seller(customer) == America ? "US" : "DE",
        ["language"] = Seller(customer) == Germany && customer % 2 == 0 ? "de" : "en",
        ["email"] = $"accounts{customer}@customer.example",
    };

    public static JsonObject Product(int product) => new()
    {
        ["ref"] = DemoPlan.ProductRef(product),
        ["name"] = DemoPlan.ProductName(product),
        ["unit"] = DemoPlan.Unit(product),
    };

    public static JsonObject BaseProduct() => new() { ["ref"] = "base", ["name"] = "Platform", ["unit"] = "" };

    public JsonObject Contract(int customer)
    {
        var seller = Seller(customer);
        var lines = new JsonArray(Line(seller, "base", "Base fee", new()
        {
            ["model"] = "flat",
            ["currency"] = seller.Currency,
            ["amount"] = seller.BaseFee,
        }));
        for (var product = 0; product < DemoPlan.ProductCount; product++)
            lines.Add(Line(seller, DemoPlan.ProductRef(product), $"Usage by the {DemoPlan.Unit(product)}", new()
            {
                ["model"] = "per_unit",
                ["currency"] = seller.Currency,
                ["unit_price"] = UnitPrices[product],
            }));
        return new()
        {
            ["ref"] = $"demo-{customer + 1:D2}",
            ["customer_ref"] = plan.CustomerRef(customer),
            ["zone"] = "UTC",
            ["payment_days"] = 14,
            ["lines"] = lines,
        };
    }

    /// <summary>Minor units that the customer's invoice must be of, tax included.</summary>
    public static BigInteger ExpectedTotal(int customer, (Int128 Sum, long Count)[,] usage)
    {
        var seller = Seller(customer);
        var scale = (BigInteger)Quantity.Scale;
        var net = Cents(seller.BaseFee);
        for (var product = 0; product < DemoPlan.ProductCount; product++)
        {
            var price = (BigInteger)Quantity.ParseScaled(UnitPrices[product]);
            net += Half((BigInteger)usage[customer, product].Sum * price * 100, scale * scale);
        }

        return net + Half(net * (BigInteger)Quantity.ParseScaled(seller.TaxRate), scale * 100);
    }

    JsonObject Line(DemoSeller seller, string product, string description, JsonObject price) => new()
    {
        ["line_ref"] = product,
        ["product_ref"] = product,
        ["entity_ref"] = seller.Ref,
        ["description"] = description,
        ["price"] = price,
        ["cycle"] = new JsonObject { ["unit"] = "month", ["count"] = Months, ["alignment"] = "anniversary" },
        ["timing"] = "arrears",
        ["tax"] = new JsonObject { ["name"] = seller.TaxName, ["rate"] = seller.TaxRate },
        ["start"] = plan.From.ToString("yyyy-MM-dd"),
        // One cycle is enough for a demo.
        ["end"] = IssuedAt.ToString("yyyy-MM-dd"),
        ["is_default"] = true,
    };

    static BigInteger Cents(string amount) => BigInteger.Parse(amount.Replace(".", "", StringComparison.Ordinal));

    // Amounts here are never negative: a half goes up.
    static BigInteger Half(BigInteger numerator, BigInteger denominator) =>
        ((numerator * 2) + denominator) / (denominator * 2);
}

/// <param name="Json">The entity as the API takes it.</param>
sealed record DemoSeller(
    string Ref, string Currency, string TaxName, string TaxRate, string BaseFee, string Json)
{
    /// <summary>IANA time zone of its books.</summary>
    public string Zone => JsonNode.Parse(Json)!["zone"]!.GetValue<string>();
}

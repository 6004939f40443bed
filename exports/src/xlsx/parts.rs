//! The parts of a workbook around its rows (ECMA-376 part 1, clauses 12 and 18; part 2 for the package).

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const TYPES: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml";

/// Characters that a column shows, which people widen where they want more.
const COLUMN_WIDTH: u32 = 21;

/// The styles, in the order in which cells name them: general, text, money, header, whole number. A text keeps the format of
/// texts when somebody edits its cell.
const STYLES: &str = concat!(
    r#"<numFmts count="1"><numFmt numFmtId="164" formatCode="0.00####"/></numFmts>"#,
    r#"<fonts count="2"><font><sz val="11"/><name val="Calibri"/><family val="2"/></font>"#,
    r#"<font><b/><sz val="11"/><name val="Calibri"/><family val="2"/></font></fonts>"#,
    r#"<fills count="2"><fill><patternFill patternType="none"/></fill>"#,
    r#"<fill><patternFill patternType="gray125"/></fill></fills>"#,
    r#"<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"#,
    r#"<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>"#,
    r#"<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>"#,
    r#"<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>"#,
    r#"<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>"#,
    r#"<xf numFmtId="1" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs>"#,
    r#"<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>"#,
);

/// The path of a sheet, counted from 1.
pub fn sheet_path(number: u32) -> String {
    format!("xl/worksheets/sheet{number}.xml")
}

/// A sheet up to its first row: the first row stays in view.
pub fn sheet_begin(columns: usize) -> String {
    format!(
        "{XML}<worksheet xmlns=\"{MAIN}\"><sheetViews><sheetView workbookViewId=\"0\">\
         <pane ySplit=\"1\" topLeftCell=\"A2\" activePane=\"bottomLeft\" state=\"frozen\"/>\
         <selection pane=\"bottomLeft\"/></sheetView></sheetViews>\
         <cols><col min=\"1\" max=\"{columns}\" width=\"{COLUMN_WIDTH}\" customWidth=\"1\"/></cols><sheetData>"
    )
}

/// A sheet from its last row on.
pub const SHEET_END: &str = "</sheetData></worksheet>";

/// All other parts of a workbook with so many sheets, by their paths.
pub fn of_workbook(name: &str, sheets: u32) -> [(&'static str, String); 5] {
    let each = |part: &dyn Fn(u32) -> String| (1..=sheets).map(part).collect::<String>();
    let overrides = each(&|number| {
        let path = sheet_path(number);
        format!("<Override PartName=\"/{path}\" ContentType=\"{TYPES}.worksheet+xml\"/>")
    });
    let listed = each(&|number| {
        let name = if number == 1 { name.to_owned() } else { format!("{name} {number}") };
        format!("<sheet name=\"{name}\" sheetId=\"{number}\" r:id=\"rId{number}\"/>")
    });
    let related = each(&|number| relationship(number, "worksheet", &format!("worksheets/sheet{number}.xml")));
    let styles = relationship(sheets + 1, "styles", "styles.xml");
    [
        (
            "[Content_Types].xml",
            format!(
                "{XML}<Types xmlns=\"{PACKAGE}/content-types\">\
                 <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
                 <Default Extension=\"xml\" ContentType=\"application/xml\"/>\
                 <Override PartName=\"/xl/workbook.xml\" ContentType=\"{TYPES}.sheet.main+xml\"/>\
                 <Override PartName=\"/xl/styles.xml\" ContentType=\"{TYPES}.styles+xml\"/>{overrides}</Types>"
            ),
        ),
        ("_rels/.rels", relationships(&relationship(1, "officeDocument", "xl/workbook.xml"))),
        ("xl/styles.xml", format!("{XML}<styleSheet xmlns=\"{MAIN}\">{STYLES}</styleSheet>")),
        ("xl/_rels/workbook.xml.rels", relationships(&(related + &styles))),
        (
            "xl/workbook.xml",
            format!(
                "{XML}<workbook xmlns=\"{MAIN}\" xmlns:r=\"{DOCUMENT}\"><sheets>{listed}</sheets></workbook>"
            ),
        ),
    ]
}

fn relationships(all: &str) -> String {
    format!("{XML}<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>")
}

fn relationship(number: u32, kind: &str, target: &str) -> String {
    format!("<Relationship Id=\"rId{number}\" Type=\"{DOCUMENT}/{kind}\" Target=\"{target}\"/>")
}

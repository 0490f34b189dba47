"""Whether people can read a page, as a browser shows it: contrast, and nothing beyond the edge of a narrow screen."""

from typing import Any

from tests.support.browser import Browser

LEAST_CONTRAST = 4.5
"""Of text and what is behind it, WCAG 2.2 level AA; 3 for large text."""
PHONE = 390
"""Pixels of the width of a usual telephone."""

FIND_FAINT = """
const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
const parse = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
  return [red, green, blue, alpha / 255];
};
const mix = (top, below) => [0, 1, 2].map((i) => top[i] * top[3] + below[i] * (1 - top[3])).concat(1);
const behind = (element) => {
  const layers = [];
  for (let one = element; one; one = one.parentElement) layers.push(parse(getComputedStyle(one).backgroundColor));
  const scheme = getComputedStyle(document.documentElement).colorScheme;
  return layers.reverse().reduce((below, top) => mix(top, below), [255, 255, 255, 1]);
};
const luminance = (colour) => {
  const [red, green, blue] = colour.slice(0, 3).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const found = [];
for (const element of document.querySelectorAll("body *")) {
  const text = [...element.childNodes].filter((one) => one.nodeType === 3).map((one) => one.data.trim()).join("");
  const value = element.matches("input[type=submit]") ? element.value : "";
  if (!(text || value) || !element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
  if (element.closest(":disabled, [aria-disabled=true], .visually-hidden, script, style, noscript")) continue;
  const style = getComputedStyle(element);
  const back = behind(element);
  const [light, dark] = [luminance(mix(parse(style.color), back)), luminance(back)].sort((a, b) => b - a);
  const ratio = (light + 0.05) / (dark + 0.05);
  const size = parseFloat(style.fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
  if (ratio < (isLarge ? 3 : arguments[0])) {
    found.push(`${element.tagName} ${element.className} "${(text || value).slice(0, 30)}" ${ratio.toFixed(2)}`);
  }
}
return [...new Set(found)];
"""
FIND_WIDE = """
const most = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= most) return [];
return [...document.querySelectorAll("body *")]
  .filter((one) => one.getBoundingClientRect().right > most + 1)
  .map((one) => `${one.tagName}#${one.id} ${one.className} ${one.getBoundingClientRect().right}`)
  .slice(0, 5)
  .concat(`the page is ${document.documentElement.scrollWidth} pixels wide`);
"""


def find_faint_texts(browser: Browser) -> list[str]:
    """Name the texts of the page that are hard to read, with their contrast."""
    return list(browser.driver.execute_script(FIND_FAINT, LEAST_CONTRAST))


def find_wide_parts(browser: Browser) -> list[str]:
    """Name what makes the page wider than its window."""
    return list(browser.driver.execute_script(FIND_WIDE))


def choose_scheme(browser: Browser, scheme: str) -> None:
    """Let the system prefer `dark` or `light` pages."""
    feature: dict[str, Any] = {"name": "prefers-color-scheme", "value": scheme}
    browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})


def choose_width(browser: Browser, width: int, height: int = 844) -> None:
    """Show pages as wide as a telephone, say."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

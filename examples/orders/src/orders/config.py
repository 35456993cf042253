"""Settings, read from the environment once, when the application is made."""

from decimal import Decimal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ORDERS_", frozen=True)

    currency: str = Field(default="EUR", pattern="^[A-Z]{3}$")
    shipping: Decimal = Field(default=Decimal("4.90"), ge=0)
    free_shipping_from: Decimal = Field(default=Decimal("50.00"), ge=0)
    delivery_attempts: int = Field(default=3, ge=1)
